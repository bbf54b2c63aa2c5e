"""SearchSpider: ads on search pages.

One question for each query, engine, place and device; the schedule gives the hour.
"""

from collections.abc import Iterable
from itertools import product

from config.sources.search import SearchSource
from spiders.api import ApiSpider, Question
from spiders.pages.answers import Answer
from spiders.parts import SHALLOW


class SearchSpider(ApiSpider[SearchSource]):
    """Reads a source of kind "search"."""

    parser = "spiders.pages.search_ads:parse_answer"
    questions_a_part = SHALLOW

    def questions(self) -> Iterable[Question]:
        source = self.source
        queries = [f"{name} {more}".strip() for name in source.queries or self.names() for more in ("", *source.words)]
        queries += self.claims() if source.claims else []
        for query, engine, location, device in product(queries, source.engines, source.locations, source.devices):
            params = {
                "engine": engine,
                "location": location,
                "device": device,
                "gl": source.country,
                "hl": source.language,
            }
            words = {"p": query} if engine.startswith("yahoo") else {"q": query}
            places = {"google_domain": source.domain} if engine.startswith("google") else {}
            yield Question(
                url=source.url,
                params={**params, **words, **places},
                secret_params={"api_key": self.secret("token")},
                part={"query": query, "engine": engine, "place": location, "device": device},
            )

    def next(self, question: Question, answer: Answer) -> Question | None:
        return None  # what is sold stands on the first page
