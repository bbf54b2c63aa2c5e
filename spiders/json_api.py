"""JsonSpider: any JSON API, told in the configuration where things stand.

1. one question for each name of the brands where the query has {name}, else one; 2. an answer is parsed in the
sandbox; 3. its rows become items; 4. the next page is asked for until there is none, or `max_pages` is reached. An
empty page is not the end as long as the API names a next one.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from config import JsonSource
from detector.items import Item
from spiders.base import SourceSpider
from spiders.failures import Trouble, trouble
from spiders.run import SourceRun

PART_ROWS = 50
BAD_ROWS_TOLD = 5
MASK = "***"
_TOKENS = re.compile(r"(?i)([?&](?:access_token|api_key|apikey|token|key|sig|signature)=)[^&#\s\"\\]+")


class JsonSpider(SourceSpider):
    """Reads a source of kind "json"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, JsonSource)
        self._source: JsonSource = run.source
        self._seen: set[str] = set()
        # A token of our own that comes back in an answer (a link to the next page) must not be kept or told.
        self._secrets = [word for value in run.headers.values() for word in value.split() if len(word) >= 8]

    async def seek(self) -> AsyncIterator[Any]:
        for name in self._names():
            request = await self._question(name, 1, None)
            if request is not None:
                yield request

    def _names(self) -> Iterable[str | None]:
        """Return the names to ask for; one question without a name where the query has no place for it."""
        if "{name}" not in json.dumps([self._source.params, self._source.body], ensure_ascii=False):
            return [None]
        wanted = self._source.brands
        brands = [brand for brand in self.run.config.brand if not wanted or brand.key in wanted]
        return list(dict.fromkeys(name for brand in brands for name in (brand.name, *brand.aliases)))

    async def _question(self, name: str | None, page: int, token: str | None) -> Request | None:
        """Return the request for one page, or None when it was asked for or there are too many."""
        source, places = self._source, {"{name}": name or "", "{page}": str(page)}
        params, body = _filled(source.params, places), _filled(source.body, places)
        url = source.url
        if token is not None and source.next_param is None:
            url, params = token, {}
        elif token is not None and body is not None:
            body = {**body, str(source.next_param): token}
        elif token is not None:
            params = {**params, str(source.next_param): token}
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params)
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        question = f"{url} {sent!r}"
        if question in self._seen:
            return None
        self._seen.add(question)
        request = await self.ask(url, self.read_answer, name=name, page=page)
        if request is None:
            return None
        request.meta["dont_obey_robotstxt"] = True  # an interface that we were given a key for, not a page
        if source.method == "POST":
            request = request.replace(method="POST", body=sent or b"")
            if sent is not None:
                request.headers["Content-Type"] = "application/json"
        return request

    async def read_answer(self, response: Response, name: str | None, page: int) -> AsyncIterator[Any]:
        """Read one page and ask for the next."""
        source = self._source
        parsed = await self.extract(
            "spiders.pages.json_api:parse_answer",
            response.body,
            self._masked(response.url),
            items=source.items,
            fields=dict(source.fields),
            next=source.next,
            error=source.error,
            kind=source.item,
            platform=source.platform,
        )
        if parsed is None:
            return
        if parsed["error"] is not None:
            says = f"answered {response.status}, but says: {self._masked(parsed['error'])}"
            self.tell(self._masked(response.url), Trouble(kind="api_error", says=says))
            return
        for number, why in parsed["bad"][:BAD_ROWS_TOLD]:
            self.run.tally.problem("bad_row", f"{self._masked(response.url)}: row {number} {why}")
        rows = msgspec.json.decode(self._masked(msgspec.json.encode(parsed["items"]).decode()), type=list[Item])
        for start in range(0, len(rows), PART_ROWS):
            part = await self.part(rows[start : start + PART_ROWS])
            if part is not None:
                yield part
        self.stop_if_full()
        if parsed["next"] is not None:
            token = parsed["next"]
            if source.next_param is None and _origin(token) != _origin(source.url):
                self.tell(self._masked(response.url), Trouble(kind="bad_url", says="names a next page of another host"))
                return
            request = await self._question(name, page + 1, token)
            if request is not None:
                yield request

    def failed(self, failure: Failure) -> None:
        """Handle a request that gave no answer; its address may carry a token."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        self.tell(self._masked(request.url), trouble(failure.value))

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return _TOKENS.sub(rf"\1{MASK}", text)


def _filled(value: Any, places: dict[str, str]) -> Any:
    """Put names and numbers where the configuration has places for them."""
    if isinstance(value, dict):
        return {key: _filled(inner, places) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, places) for inner in value]
    if isinstance(value, str):
        for place, word in places.items():
            value = value.replace(place, word)
    return value


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ("", "")
    return (parts.scheme, parts.netloc)
