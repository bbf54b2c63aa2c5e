"""Ads on the pages of search engines."""

from typing import Literal

from config.fields import Name, WebUrl
from config.sources.base import SourceBase
from safety.secret import Secret


class SearchSource(SourceBase):
    """Ads beside search results, through SerpApi or an interface of its form."""

    kind: Literal["search"]
    token: Secret  # goes into the query as api_key, for the interface takes it nowhere else
    url: WebUrl = "https://serpapi.com/search.json"
    engines: tuple[Name, ...] = ("google",)
    queries: tuple[Name, ...] = ()  # instead of every name and alias of the brands
    claims: bool = False  # ask for the brands' false claims, too; each question is paid for
    words: tuple[Name, ...] = ()  # put behind each query, such as "公式"; the bare query is asked, too
    locations: tuple[Name, ...] = ("Japan",)  # as the interface names places
    devices: tuple[Literal["desktop", "mobile", "tablet"], ...] = ("desktop", "mobile")
    country: Name = "jp"
    language: Name = "ja"
    domain: Name = "google.co.jp"
