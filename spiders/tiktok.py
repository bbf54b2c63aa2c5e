"""TikTokSpider: TikTok's Commercial Content API. A list of ads, then the detail of each, which says where it leads."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

from config.sources.ad_libraries import TikTokSource
from safety.secret import remember
from spiders.api import ApiSpider, Question
from spiders.failures import Trouble, trouble
from spiders.pages.answers import Answer
from spiders.pages.tiktok import read_token

FIELDS = (
    "ad.id,ad.first_shown_date,ad.last_shown_date,ad.status,ad.status_statement,ad.videos,ad.image_urls,ad.reach,"
    "advertiser.business_id,advertiser.business_name,advertiser.paid_for_by"
)
DETAILS = FIELDS + ",ad.title,ad.external_url,ad.call_to_action,ad.advertising_objective,advertiser.profile_url"
LONGEST_TERM = 50  # characters of a search term


class TikTokSpider(ApiSpider[TikTokSource]):
    """Reads a source of kind "tiktok"."""

    parser = "spiders.pages.tiktok:parse_answer"
    questions_a_part = 1

    async def seek(self) -> AsyncIterator[Any]:
        if await self.renew():
            async for thing in super().seek():
                yield thing

    async def renew(self) -> bool:
        """Get a token for two hours with the client's key and secret."""
        form = {
            "client_key": self.secret("client_key"),
            "client_secret": self.secret("client_secret"),
            "grant_type": "client_credentials",
        }
        request = self.made(Question(url=self.source.token_url, form=form))
        try:
            response = await self.crawler.engine.download_async(request)
            token, _ = await asyncio.to_thread(read_token, response.body)
        except ValueError as error:
            self.tell(self.source.token_url, Trouble(kind="token", says=f"no token: {error}; check key and secret"))
            return False
        except Exception as error:  # noqa: BLE001  edge to the network: whatever it is has a name for people
            self.tell(self.source.token_url, trouble(error))
            return False
        remember(token)
        self.run.headers["Authorization"] = f"Bearer {token}"
        return True

    def questions(self) -> Iterable[Question]:
        today = self.run.clock().date()
        dates = {"min": f"{today - timedelta(days=self.source.days):%Y%m%d}", "max": f"{today:%Y%m%d}"}
        filters: dict[str, Any] = {"ad_published_date_range": dates}
        if self.source.countries:
            filters["country_code_list"] = list(self.source.countries)
        for name in self.source.queries or self.names():
            yield Question(
                url=f"{self.source.url}?fields={FIELDS}",
                body={
                    "filters": filters,
                    "search_term": name[:LONGEST_TERM],
                    "max_count": self.source.max_count,
                },
                part={"query": name},
            )

    def next(self, question: Question, answer: Answer) -> Question | None:
        return question.with_body(search_id=answer["next"])

    def details(self, question: Question, answer: Answer) -> Iterable[Question]:
        """Return one question for each ad of a list: only the detail names title and landing URL."""
        if not self.source.details or question.options.get("detail"):
            return
        for item in answer["items"]:
            yield Question(
                url=f"{self.source.detail_url}?fields={DETAILS}",
                body={"ad_id": int(item["id"]) if item["id"].isdecimal() else item["id"]},
                options={"detail": True},
            )
