"""Spiders of the social platforms: each asks for every name, and for the answers below one's own posts."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from scrapy.http import Response

from config.sources.social import BlueskySource, MastodonSource, SocialSource, XSource, YouTubeSource
from spiders.api import ApiSpider, Question
from spiders.pages.answers import Answer
from spiders.parts import SHALLOW

S = TypeVar("S", bound=SocialSource)


class SocialSpider(ApiSpider[S]):
    """What the spiders of all social platforms share: the newest come first, so a few pages of a query are enough."""

    questions_a_part = SHALLOW
    next_param: ClassVar[str]  # the parameter that leads to the next page

    def credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.secret('token')}"} if self.secret("token") else {}

    def searches(self) -> list[str]:
        """Return what to search for."""
        return [*(self.source.queries or self.names()), *(self.claims() if self.source.claims else ())]

    def next(self, question: Question, answer: Answer) -> Question | None:
        read = question.about.get("pages", 1)
        if read >= self.source.pages and not question.about.get("whole"):
            return None
        about = {**question.about, "pages": read + 1}
        return question.with_params(about=about, **{self.next_param: str(answer["next"])})


class YouTubeSpider(SocialSpider[YouTubeSource]):
    """Reads a source of kind "youtube"."""

    parser = "spiders.pages.youtube:parse_answer"
    next_param = "pageToken"

    def credentials(self) -> Mapping[str, str]:
        return {"X-Goog-Api-Key": self.secret("token")}

    def questions(self) -> Iterable[Question]:
        base = self.source.url.rstrip("/")
        for name in self.searches():
            params = {"part": "snippet", "q": name, "type": "video,channel", "order": "date", "maxResults": "50"}
            params |= {"regionCode": self.source.region, "relevanceLanguage": self.source.language}
            yield Question(url=f"{base}/search", params=params, part={"query": name})
        for video in self.source.own_posts:
            params = {"part": "snippet,replies", "videoId": video, "order": "time", "maxResults": "100"}
            params["textFormat"] = "plainText"
            yield Question(url=f"{base}/commentThreads", params=params, about={"whole": True}, part={"own": video})


class BlueskySpider(SocialSpider[BlueskySource]):
    """Reads a source of kind "bluesky"."""

    parser = "spiders.pages.bluesky:parse_answer"
    next_param = "cursor"

    def questions(self) -> Iterable[Question]:
        base = f"{self.source.url.rstrip('/')}/xrpc/app.bsky.feed"
        searches = [({"q": name}, {"query": name}) for name in self.searches()]
        searches += [({"q": "*", "domain": domain}, {"domain": domain}) for domain in self.source.domains]
        language = {"lang": self.source.language} if self.source.language else {}
        for search, part in searches:
            params = {**search, **language, "sort": "latest", "limit": "100"}
            yield Question(url=f"{base}.searchPosts", params=params, part=part)
        for uri in self.source.own_posts:
            params = {"uri": uri, "depth": "10", "parentHeight": "0"}
            yield Question(url=f"{base}.getPostThread", params=params, part={"own": uri})


class MastodonSpider(SocialSpider[MastodonSource]):
    """Reads a source of kind "mastodon"."""

    parser = "spiders.pages.mastodon:parse_answer"
    next_param = "max_id"

    def questions(self) -> Iterable[Question]:
        base = self.source.url.rstrip("/")
        for name in self.searches() if self.source.token else ():
            params = {"q": name, "type": "statuses", "limit": "40"}
            yield Question(url=f"{base}/api/v2/search", params=params, part={"query": name})
        for tag in self.source.tags:
            url = f"{base}/api/v1/timelines/tag/{tag.removeprefix('#')}"
            yield Question(url=url, params={"limit": "40"}, part={"tag": tag})
        for status in self.source.own_posts:
            yield Question(url=f"{base}/api/v1/statuses/{status}/context", part={"own": status})

    def usage(self, response: Response) -> float | None:
        """Return the share of 300 requests in five minutes that is used up."""
        return _share(response, "X-RateLimit-Limit", "X-RateLimit-Remaining")


class XSpider(SocialSpider[XSource]):
    """Reads a source of kind "x"."""

    parser = "spiders.pages.x_posts:parse_answer"
    next_param = "next_token"

    def questions(self) -> Iterable[Question]:
        searches = [(f'"{name}" {self.source.terms}', "", {"query": name}) for name in self.searches()]
        searches += [(f"conversation_id:{post}", post, {"own": post}) for post in self.source.own_posts]
        for query, own, part in searches:
            yield Question(
                url=self.source.url,
                params={
                    "query": query,
                    "max_results": str(self.source.count),
                    "tweet.fields": "created_at,entities,author_id,attachments",
                    "expansions": "author_id,attachments.media_keys",
                    "user.fields": "created_at,verified,username",
                    "media.fields": "url,preview_image_url",
                },
                options={"own": own},
                part=part,
            )

    def wait(self, response: Response) -> float | None:
        """Return the seconds until the window begins anew."""
        try:
            reset = float(response.headers.get("x-rate-limit-reset") or b"")
        except ValueError:
            return None
        return max(0.0, reset - datetime.now(UTC).timestamp())

    def usage(self, response: Response) -> float | None:
        """Return the share of the window's requests that is used up."""
        return _share(response, "x-rate-limit-limit", "x-rate-limit-remaining")


def _share(response: Response, limit: str, remaining: str) -> float | None:
    try:
        most, left = float(response.headers.get(limit) or b""), float(response.headers.get(remaining) or b"")
    except ValueError:
        return None
    return 100 * (1 - left / most) if most > 0 else None
