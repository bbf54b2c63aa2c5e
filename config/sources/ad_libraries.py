"""Ad libraries of the platforms. What each shows, and how to get a token, stands in docs/sources.md."""

from typing import Literal

from pydantic import Field

from config.fields import Name, WebUrl
from config.sources.base import SourceBase
from safety.secret import Secret


class AdLibrarySource(SourceBase):
    """What all ad libraries take."""

    queries: tuple[Name, ...] = ()  # instead of every name and alias of the brands


class MetaSource(AdLibrarySource):
    """Meta Ad Library API: ads that reached the EU or UK, and political ones."""

    kind: Literal["meta"]
    token: Secret  # of an identity-confirmed person
    url: WebUrl = "https://graph.facebook.com/v26.0/ads_archive"
    countries: tuple[Name, ...] = ("ALL",)  # ISO 3166-1 alpha-2
    active: Literal["ACTIVE", "INACTIVE", "ALL"] = "ALL"
    limit: int = Field(default=100, ge=1, le=1000)  # ads a page; halved when Meta asks for less


class TikTokSource(AdLibrarySource):
    """TikTok Commercial Content API: ads shown in the EEA."""

    kind: Literal["tiktok"]
    client_key: Secret
    client_secret: Secret
    url: WebUrl = "https://open.tiktokapis.com/v2/research/adlib/ad/query/"
    detail_url: WebUrl = "https://open.tiktokapis.com/v2/research/adlib/ad/detail/"
    token_url: WebUrl = "https://open.tiktokapis.com/v2/oauth/token/"  # noqa: S105  an address, no password
    countries: tuple[Name, ...] = ()  # ISO 3166-1 alpha-2; all where empty
    days: int = Field(default=30, ge=1, le=365)  # ads published in so many days before today
    max_count: int = Field(default=10, ge=1, le=50)  # ads a page
    details: bool = True  # ask for title and landing URL of each ad, one request each


class LinkedInSource(AdLibrarySource):
    """LinkedIn Ad Library API: advertisers and payers of ads."""

    kind: Literal["linkedin"]
    token: Secret  # of a member, with the product Ad Library
    url: WebUrl = "https://api.linkedin.com/rest/adLibrary"
    version: Name = "202606"  # YYYYMM


class MicrosoftSource(AdLibrarySource):
    """Microsoft Advertising Ad Library: ads shown in the EU and EEA, no token needed."""

    kind: Literal["microsoft"]
    url: WebUrl = "https://adlibrary.api.bingads.microsoft.com/api/v1/Ads"
