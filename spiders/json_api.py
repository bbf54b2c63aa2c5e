"""JsonSpider: any JSON API, told in the configuration where things stand.

One question for each name of the brands where the query has {name}, else one. An empty page is not the end as long as
the API names a next one.
"""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin, urlsplit

from config import JsonSource
from spiders.api import ApiSpider, Question
from spiders.failures import Trouble
from spiders.pages.answers import Answer
from spiders.pages.json_api import MORE


class JsonSpider(ApiSpider[JsonSource]):
    """Reads a source of kind "json"."""

    parser = "spiders.pages.json_api:parse_answer"
    questions_a_part = 1

    def questions(self) -> Iterable[Question]:
        for name in self.names() if self._has("{name}") else [""]:
            yield self._question(name, 1, None)

    def _has(self, place: str) -> bool:
        """Tell whether the question has a place for a name or a number."""
        return place in json.dumps([self.source.params, self.source.body], ensure_ascii=False)

    def next(self, question: Question, answer: Answer) -> Question | None:
        token, name, number = str(answer["next"]), question.about["name"], question.about["page"] + 1
        if token == MORE and self.source.next_param is None:
            if not self._has("{page}"):
                says = "`next` only says that there are more pages: put {page} into params or body"
                self.tell(self.source.url, Trouble(kind="bad_url", says=says))
                return None
            return self._question(name, number, None)
        token = urljoin(self.source.url, token) if self.source.next_param is None else token
        if self.source.next_param is None and _origin(token) != _origin(self.source.url):
            self.tell(self.source.url, Trouble(kind="bad_url", says="names a next page of another host"))
            return None
        return self._question(name, number, token)

    def _question(self, name: str, number: int, token: str | None) -> Question:
        source, places = self.source, {"{name}": name, "{page}": str(number)}
        url, params, body = source.url, _filled(source.params, places), _filled(source.body, places)
        if token is not None and source.next_param is None:
            url, params = token, {}
        elif token is not None and body is not None:
            body = {**body, source.next_param: token}
        elif token is not None:
            params = {**params, source.next_param: token}
        return Question(
            url=url,
            params=params,
            body=body if body is not None or source.method == "GET" else {},
            about={"name": name, "page": number},
            part={"query": name},
            options={
                "items": source.items,
                "fields": dict(source.fields),
                "next": source.next,
                "error": source.error,
                "kind": source.item,
                "platform": source.platform,
            },
        )


def _filled(value: Any, places: dict[str, str]) -> Any:
    """Put names and numbers where the configuration has places for them."""
    if isinstance(value, dict):
        return {key: _filled(inner, places) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, places) for inner in value]
    if isinstance(value, str):
        for place, filling in places.items():
            value = value.replace(place, filling)
    return value


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ("", "")
    return (parts.scheme, parts.netloc)
