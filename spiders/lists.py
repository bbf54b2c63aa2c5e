"""Spiders of services that collect bad addresses: urlscan.io and URLhaus."""

from collections.abc import Iterable, Mapping

from config.sources.domains import UrlhausSource, UrlscanSource
from spiders.api import ApiSpider, Question
from spiders.pages.answers import Answer
from spiders.parts import SHALLOW

_QUOTED = set('+-=&|><!(){}[]^"~*?:\\/')  # characters that mean something in a query


class UrlscanSpider(ApiSpider[UrlscanSource]):
    """Reads a source of kind "urlscan"."""

    parser = "spiders.pages.urlscan:parse_answer"
    questions_a_part = SHALLOW

    def credentials(self) -> Mapping[str, str]:
        return {"API-Key": self.secret("token")}

    def questions(self) -> Iterable[Question]:
        for query in self.source.queries or self._queries():
            yield Question(
                url=self.source.url,
                params={"q": f"({query}) AND date:>now-{self.source.days}d", "size": str(self.source.size)},
                part={"query": query},
            )

    def _queries(self) -> Iterable[str]:
        """Return a search for each name: in hosts where it can stand in one, else in titles; without own domains."""
        for brand in self.brands():
            own = "".join(f" AND NOT page.apexDomain:{domain}" for domain in brand.domains)
            for name in dict.fromkeys((brand.name, *brand.aliases)):
                plain = "".join(name.split()).lower()
                if plain.isascii() and plain.replace("-", "").isalnum():
                    yield f"page.domain:*{plain}*{own}"
                else:
                    yield f'page.title:"{"".join(one for one in name if one not in _QUOTED)}"{own}'

    def next(self, question: Question, answer: Answer) -> Question | None:
        return question.with_params(search_after=str(answer["next"]))


class UrlhausSpider(ApiSpider[UrlhausSource]):
    """Reads a source of kind "urlhaus"."""

    parser = "spiders.pages.urlhaus:parse_answer"

    def credentials(self) -> Mapping[str, str]:
        return {"Auth-Key": self.secret("token")}

    def questions(self) -> Iterable[Question]:
        return [Question(url=self.source.url)]

    def next(self, question: Question, answer: Answer) -> Question | None:
        return None
