"""JsonSource: any JSON API, told where things stand."""

from typing import Literal, Self

from pydantic import JsonValue, model_validator

from config.fields import JmesPath, Name, WebUrl
from config.sources.base import SourceBase
from detector.items import Kind

JsonField = Literal[
    "id", "url", "display_url", "publisher_url", "first_shown", "last_shown", "seen_at",
    "advertiser", "advertiser_id", "payer", "title", "body", "caption", "description", "cta", "name",
    "links", "images", "videos", "countries", "platforms",
]  # fmt: skip


class JsonSource(SourceBase):
    """Any JSON API: where its rows, fields and next page stand is told in JMESPath."""

    kind: Literal["json"]
    url: WebUrl
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, str] = {}  # of the query; {name} becomes each name of the brands, {page} the page's number
    body: dict[str, JsonValue] | None = None  # of a POST; the same
    items: JmesPath  # the list of rows
    fields: dict[JsonField, JmesPath]  # Item field -> where it stands in a row
    next: JmesPath | None = None  # URL of the next page, a token of it, or true where there is one, with {page}
    next_param: Name | None = None  # the query parameter, or key of the body, that takes the token
    error: JmesPath | None = None  # what an answer says when it failed although its status is 200
    item: Kind = "ad"
    platform: Name | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.body is not None and self.method != "POST":
            raise ValueError('a body needs method = "POST"')
        if self.next_param is not None and self.next is None:
            raise ValueError("next_param needs next")
        if any(value.startswith(("env:", "file:")) for value in self.params.values()):
            raise ValueError("params are not secret, and are sent as they stand: put a credential into headers")
        if not self.fields:
            raise ValueError("expected at least one field")
        return self
