"""LinkedInSpider: the LinkedIn Ad Library API."""

from collections.abc import Iterable, Mapping

from config.sources.ad_libraries import LinkedInSource
from spiders.api import ApiSpider, Question
from spiders.pages.answers import Answer

COUNT = 25  # rows a page, the most that is given


class LinkedInSpider(ApiSpider[LinkedInSource]):
    """Reads a source of kind "linkedin"."""

    parser = "spiders.pages.linkedin:parse_answer"
    questions_a_part = 1

    def credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.secret('token')}"}

    def questions(self) -> Iterable[Question]:
        for name in self.source.queries or self.names():
            for search in ("keyword", "advertiser"):  # the ad's words, and its sender's name
                yield Question(
                    url=self.source.url,
                    params={"q": "criteria", search: name, "start": "0", "count": str(COUNT)},
                    headers={"LinkedIn-Version": self.source.version, "X-Restli-Protocol-Version": "2.0.0"},
                    part={search: name},
                )

    def next(self, question: Question, answer: Answer) -> Question | None:
        return question.with_params(start=str(answer["next"]))
