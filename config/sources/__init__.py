"""Every kind of source, one model each."""

from typing import Annotated

from pydantic import Field

from config.sources.json_api import JsonSource
from config.sources.pages import FeedSource, ImportSource, WebSource

Source = Annotated[
    WebSource | FeedSource | ImportSource | JsonSource,
    Field(discriminator="kind"),
]

__all__ = ["FeedSource", "ImportSource", "JsonSource", "Source", "WebSource"]
