"""Ad libraries that are asked by advertiser or exported as files."""

from typing import Literal

from pydantic import Field

from config.fields import BesidePattern, Name, WebUrl
from config.sources.ad_libraries import AdLibrarySource
from config.sources.base import SourceBase
from safety.secret import Secret


class GoogleAdsSource(AdLibrarySource):
    """Google Ads Transparency Center through SerpApi: ads of any country, with the host they lead to."""

    kind: Literal["google-ads"]
    token: Secret  # goes into the query as api_key, for the interface takes it nowhere else
    url: WebUrl = "https://serpapi.com/search.json"
    region: Name = "2392"  # Google's number: 2000 and the country's in ISO 3166-1; 2392 is Japan
    advertisers: tuple[Name, ...] = ()  # ids (AR…) whose ads are read, beside the queries
    count: int = Field(default=100, ge=1, le=100)  # ads a page


class SnapSource(AdLibrarySource):
    """Snap Ads Gallery: ads in the EU and Turkey, by advertiser; very few answers an hour."""

    kind: Literal["snap"]
    url: WebUrl = "https://adsapi.snapchat.com/v1/ads_library/ads/search"
    countries: tuple[Name, ...] = ("de", "fr", "it", "es", "nl")  # lower case; Greece is "el"
    limit: int = Field(default=100, ge=1, le=500)


class GoogleExportSource(SourceBase):
    """Rows exported from Google's BigQuery tables creative_stats and removed_creative_stats."""

    kind: Literal["google-export"]
    path: BesidePattern  # JSON lines (.jsonl, .json), or Parquet (.parquet, needs mekiki[parquet]); file or pattern
