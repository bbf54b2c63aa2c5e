"""MicrosoftSpider: the Microsoft Advertising Ad Library."""

from collections.abc import Iterable

from config.sources.ad_libraries import MicrosoftSource
from spiders.api import ApiSpider, Question
from spiders.pages.answers import Answer

TOP = 24  # rows a page, the most that is given
MOST_SKIPPED = 999  # the interface takes no larger `skip`


class MicrosoftSpider(ApiSpider[MicrosoftSource]):
    """Reads a source of kind "microsoft"."""

    parser = "spiders.pages.microsoft:parse_answer"
    questions_a_part = 1

    def questions(self) -> Iterable[Question]:
        for name in self.source.queries or self.names():
            params = {"searchText": name, "top": str(TOP), "skip": "0"}
            yield Question(url=self.source.url, params=params, about={"skip": 0}, part={"query": name})

    def next(self, question: Question, answer: Answer) -> Question | None:
        skip = question.about["skip"] + answer["next"]
        return question.with_params(skip=str(skip), about={"skip": skip}) if skip <= MOST_SKIPPED else None
