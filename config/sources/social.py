"""Social platforms: what people post about a brand, and what they answer below its own posts."""

from typing import Literal

from pydantic import Field

from config.fields import Name, WebUrl
from config.sources.base import SourceBase
from safety.secret import Secret


class SocialSource(SourceBase):
    """What all social platforms take."""

    queries: tuple[Name, ...] = ()  # instead of every name and alias of the brands
    claims: bool = True  # search for the brands' false claims, too
    pages: int = Field(default=3, ge=1, le=100)  # of each query in a run, the newest first
    own_posts: tuple[Name, ...] = ()  # ids of one's own posts or videos, whose answers are read: fake support replies


class YouTubeSource(SocialSource):
    """Videos and channels that a search finds, and comments below one's own videos."""

    kind: Literal["youtube"]
    token: Secret  # API key with YouTube Data API v3
    url: WebUrl = "https://www.googleapis.com/youtube/v3"
    region: Name = "JP"
    language: Name = "ja"
    claims: bool = False  # each is one more search
    pages: int = Field(default=1, ge=1, le=100)  # of each search; each costs 100 of 10,000 units a day


class BlueskySource(SocialSource):
    """Posts that a search finds, and answers below one's own posts."""

    kind: Literal["bluesky"]
    url: WebUrl = "https://api.bsky.app"
    token: Secret | None = None  # access token of a session; the public interface needs none
    language: Name = ""  # such as "ja"; all where empty
    domains: tuple[Name, ...] = ()  # posts that link to these hosts


class MastodonSource(SocialSource):
    """Posts of one instance: a search with a token, tags without, and answers below one's own posts."""

    kind: Literal["mastodon"]
    url: WebUrl  # of the instance
    token: Secret | None = None  # user token with read:search; without it only `tags` are read
    tags: tuple[Name, ...] = ()


class XSource(SocialSource):
    """Posts of the last seven days that a search finds, and answers below one's own posts; paid by the post."""

    kind: Literal["x"]
    token: Secret  # bearer token
    url: WebUrl = "https://api.x.com/2/tweets/search/recent"
    terms: Name = "-is:retweet"  # put behind each query
    count: int = Field(default=100, ge=10, le=100)  # posts a page
