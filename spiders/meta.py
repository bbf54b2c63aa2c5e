"""MetaSpider: the Meta Ad Library API."""

import json
from collections.abc import Iterable, Mapping

from scrapy.http import Response

from config.sources.ad_libraries import MetaSource
from spiders.api import ApiSpider, Question
from spiders.pages.answers import Answer

# https://developers.facebook.com/docs/marketing-api/reference/archived-ad
SHARES = ("call_count", "object_count_pct", "total_cputime", "total_time")  # all in percent
FIELDS = (
    "id,page_id,page_name,ad_creation_time,ad_delivery_start_time,ad_delivery_stop_time,ad_creative_bodies,"
    "ad_creative_link_titles,ad_creative_link_captions,ad_creative_link_descriptions,languages,publisher_platforms,"
    "beneficiary_payers,eu_total_reach,age_country_gender_reach_breakdown,bylines"
)


class MetaSpider(ApiSpider[MetaSource]):
    """Reads a source of kind "meta"."""

    parser = "spiders.pages.meta:parse_answer"
    questions_a_part = 1  # each with all its countries: an ad that reached two would be told twice

    def credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.secret('token')}"}  # in the query it would stand in every log

    def questions(self) -> Iterable[Question]:
        for name in self.source.queries or self.names():
            yield Question(
                url=self.source.url,
                params={
                    "search_terms": name,
                    "search_type": "KEYWORD_EXACT_PHRASE",
                    "ad_reached_countries": json.dumps(self.source.countries),
                    "ad_active_status": self.source.active,
                    "ad_type": "ALL",
                    "fields": FIELDS,
                    "limit": str(self.source.limit),
                },
                part={"query": name},
            )

    def next(self, question: Question, answer: Answer) -> Question | None:
        return question.with_params(after=str(answer["next"]))

    def smaller(self, question: Question) -> Question | None:
        limit = int(question.params["limit"]) // 2
        return question.with_params(limit=str(limit)) if limit else None

    def usage(self, response: Response) -> float | None:
        """Return the highest percentage in `x-business-use-case-usage`."""
        try:
            accounts = json.loads(response.headers.get("x-business-use-case-usage") or "{}")
            rows = [row for rows in accounts.values() for row in rows]
            shares = [float(row[name]) for row in rows for name in SHARES if name in row]
        except (ValueError, TypeError, AttributeError):
            return None
        return max(shares, default=None)
