"""Item: the thing that was seen, and its public JSON form (one object per line).

`decode_item` reads what a spider, an export or an analyst wrote; `encode_item` writes it back. The JSON Schema comes
from the same types (`item_schema`), so that form, check and documentation cannot drift apart.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from detector.page_facts import PageFacts

Kind = Literal["ad", "post", "comment", "page", "domain"]
Role = Literal["title", "body", "caption", "description", "cta", "name", "ocr", "html_title"]


class ItemError(ValueError):
    """A line that is no Item; the message names the field by its JSON path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One piece of text as the platform showed it, unnormalised."""

    role: Role
    text: str
    lang: str | None = None  # BCP 47, as the source says


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertiser:
    """Who the platform says placed the ad."""

    id: str | None = None
    name: str | None = None
    payer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An ad, post, comment, page or domain. A missing link or picture is a normal state, not an error."""

    id: str  # the platform's id, or a fingerprint made by the spider
    kind: Kind
    platform: str | None = None  # lower case, e.g. "meta"; None for pages and domains
    url: str | None = None  # permalink or page; for kind "domain" the host or URL
    advertiser: Advertiser | None = None
    texts: tuple[Text, ...] = ()
    links: tuple[str, ...] = ()  # exact click URLs, byte for byte
    display_url: str | None = None  # the host shown to the reader
    images: tuple[str, ...] = ()  # paths (relative to the input file) or URLs
    videos: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()  # ISO 3166-1 alpha-2
    platforms: tuple[str, ...] = ()  # where it ran, e.g. "instagram"
    first_shown: str | None = None  # ISO 8601 date, or date and time
    last_shown: str | None = None
    seen_at: datetime | None = None  # UTC
    publisher_url: str | None = None  # page that carried the ad
    raw: dict[str, Any] = field(default_factory=dict)  # what the source sent, for evidence
    page: PageFacts | None = None  # what stands at `url`: forms, prices, who sells; None where nobody looked

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("`id` is empty")


_decoder = msgspec.json.Decoder(Item)
_encoder = msgspec.json.Encoder()


def decode_item(line: bytes | str) -> Item:
    """Read one Item from its JSON object.

    Raises:
        ItemError: the text is not JSON, or a field has the wrong type; the message carries the JSON path.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ItemError(str(error)) from error


def encode_item(item: Item) -> bytes:
    """Write one Item as a JSON object without a newline; decoding it gives an equal Item."""
    return _encoder.encode(item)


def item_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the Item JSON form, the same at every call."""
    schema = msgspec.json.schema(Item)
    for definition in schema["$defs"].values():
        for field_schema in definition["properties"].values():
            if "enum" in field_schema:  # comes in the order of a set
                field_schema["enum"].sort()
    return schema
