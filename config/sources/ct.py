"""Certificate Transparency: every name that gets a certificate, minutes after it does."""

from typing import Literal, Self

from pydantic import Field, model_validator

from config.fields import BesidePath, WebUrl
from config.sources.base import SourceBase


class CtSource(SourceBase):
    """Names in Certificate Transparency logs that a brand stands in."""

    kind: Literal["ct"]
    urls: tuple[WebUrl, ...] = ()  # monitoring addresses of static-ct logs, or of RFC 6962 logs
    log_list: BesidePath | None = None  # a browser's log_list.json: every log of the interface `api` that is open in it
    api: Literal["static", "rfc6962"] = "static"
    names: bool = True  # read the names tiles of a static log where it has them: a tenth of the bytes, but unproved
    back: int = Field(default=10_000, ge=0)  # entries before the end at which the first run starts
    most: int = Field(default=500_000, ge=1)  # entries a run and log

    @model_validator(mode="after")
    def _some_log(self) -> Self:
        if not self.urls and self.log_list is None:
            raise ValueError("expected urls or log_list")
        return self
