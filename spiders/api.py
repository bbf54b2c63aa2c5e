"""ApiSpider: what the spiders of all interfaces share: asking, refusals, waiting, budgets, pages, going on next time.

1. `questions` names the first page of each query, or the page where the last run ended; 2. an answer, whatever its
status, is parsed in the sandbox into an `Answer`; 3. its items are stored together with the place of the next page;
4. a refusal is waited for, asked again in a smaller way, or ends the source with one line that says what to do.

Secrets go out in headers that only the source's own origins get, or, where an interface takes its key nowhere else, in
the query; whatever comes back is freed of them before it is stored or told.
"""

import asyncio
import json
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Generic, TypeVar, cast
from urllib.parse import urlencode

import msgspec
from scrapy import Request
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from sqlalchemy.orm import Session
from twisted.python.failure import Failure

from config import Brand, Config, Source
from config.sources.base import SourceBase
from detector.items import Item
from spiders.base import SourceSpider
from spiders.failures import Trouble, trouble
from spiders.found import fingerprint
from spiders.pace import interface
from spiders.pages.answers import Answer, Failed, answer
from spiders.parts import named, parted
from spiders.refusals import HostPaused
from spiders.run import Intent, SourceRun
from spiders.words import TO_DO, masked, shown

PART_ROWS = 50
BAD_ROWS_TOLD = 5
ATTEMPTS = 3  # at one question
FIRST_WAIT = 1.0  # seconds; doubled each time an interface does not tell how long to wait
STOP_SECONDS = 0.2  # within which a wait ends when the crawl is told to stop
LONGEST_WAIT = 120.0  # seconds; whoever wants more is asked by the next run
FOR_ALL = frozenset({"token", "rate_limited", "blocked"})  # refusals that hold for every question
FULL_USAGE = 95.0  # percent of a budget after which nothing more is asked

S = TypeVar("S", bound=SourceBase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request for one page."""

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    secret_params: Mapping[str, str] = field(default_factory=dict, repr=False)  # never told or stored
    headers: Mapping[str, str] = field(default_factory=dict)  # without secrets
    body: Any = None  # JSON of a POST
    form: Mapping[str, str] | None = None  # or its form
    options: Mapping[str, Any] = field(default_factory=dict)  # keywords for the parser
    about: Mapping[str, Any] = field(default_factory=dict)  # what the spider wants to know again for the next page
    part: Mapping[str, str] = field(default_factory=dict)  # what it asks for, in people's words: {"query": "星野電機"}

    def with_params(self, *, about: Mapping[str, Any] | None = None, **params: str) -> "Question":
        """Return this question with other parameters of the query."""
        return replace(self, params={**self.params, **params}, about=self.about if about is None else about)

    def with_body(self, **entries: Any) -> "Question":
        """Return this question with other entries of the body."""
        return replace(self, body={**self.body, **entries})

    @property
    def identity(self) -> str:
        """What tells this question from others: 32 hex digits."""
        parts = [self.url, sorted(self.params.items()), self.body, sorted((self.form or {}).items())]
        return fingerprint(json.dumps(parts, ensure_ascii=False, sort_keys=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question under way."""

    question: Question
    chain: str  # identity of the first page, under which the place of the next is kept; "" for a single row
    attempt: int = 0
    resumed: Question | None = None  # the first page, when this one is where an earlier run ended


class ApiSpider(SourceSpider, Generic[S]):
    """Reads one interface."""

    parser: ClassVar[str]  # "spiders.pages.MODULE:parse_answer"
    questions_a_part: ClassVar[int] = 0  # that are worth a part of their own, see `spiders.parts`; 0: read whole

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        self.source: S = run.source  # type: ignore[assignment]  # KINDS pairs the spider with its model
        self._asked: set[str] = set()
        self._reading = 0  # answers that are being parsed

    @classmethod
    def parts(cls, config: Config, source: Source, session: Session) -> tuple[str, ...]:
        if not cls.questions_a_part:
            return ("",)
        # Questions are made of these alone; a run with storage, sandbox and judge is made only to send them.
        return tuple(cls(cast("SourceRun", Intent(source=source, config=config)))._parted())

    def _parted(self) -> dict[str, list[Question]]:
        """Return the first pages by part."""
        questions = list(self.questions())
        units = [named(question.part) for question in questions]
        parts = parted(units, word="queries", least=self.questions_a_part)
        return {
            part: [question for question, unit in zip(questions, units, strict=True) if unit in wanted]
            for part, wanted in parts.items()
        }

    @abstractmethod
    def questions(self) -> Iterable[Question]:
        """Return the first page of each query."""

    @abstractmethod
    def next(self, question: Question, answer: Answer) -> Question | None:
        """Return the page after this one, where `answer["next"]` names one."""

    def details(self, question: Question, answer: Answer) -> Iterable[Question]:
        """Return questions about single rows of a page, where the page alone does not tell enough."""
        return ()

    def smaller(self, question: Question) -> Question | None:
        """Return a question that asks for less; None when it cannot get smaller."""
        return None

    def credentials(self) -> Mapping[str, str]:
        """Return the headers that carry secrets; they go to the source's own origins only."""
        return {}

    async def renew(self) -> bool:
        """Get a fresh token after the interface refused the old one; tell whether there is one."""
        return False

    def wait(self, response: Response) -> float | None:
        """Return the seconds that an interface asks to wait in a header of its own."""
        return None

    def usage(self, response: Response) -> float | None:
        """Return the percent of the budget used up, where the headers of an answer tell."""
        return None

    def secret(self, key: str) -> str:
        """Return a revealed secret of the source's table; "" where an optional one is not configured."""
        return self.run.secrets.get(key, "")

    def brands(self) -> list[Brand]:
        """Return the brands that this source looks for."""
        wanted = self.source.brands
        return [brand for brand in self.run.config.brand if not wanted or brand.key in wanted]

    def names(self) -> list[str]:
        """Return every name and alias of the source's brands once, in all scripts they are configured in."""
        return list(dict.fromkeys(name for brand in self.brands() for name in (brand.name, *brand.aliases)))

    def claims(self) -> list[str]:
        """Return the false claims about the source's brands."""
        return list(dict.fromkeys(claim for brand in self.brands() for claim in brand.false_claims))

    async def seek(self) -> AsyncIterator[Any]:
        self.run.headers.update(self.credentials())
        for question in self.mine():
            chain = question.identity
            place = await asyncio.to_thread(self.run.sink.cursor, chain)
            following = None
            if place is not None:
                following = self.next(replace(question, about=place["about"]), answer((), next=place["next"]))
            asked = _Asked(
                question=following or question, chain=chain, resumed=question if following is not None else None
            )
            request = await self._request(asked)
            if request is not None:
                yield request

    def mine(self) -> list[Question]:
        """Return the first page of each query that this run is to ask."""
        if not self.run.slice:
            return list(self.questions())
        return self._parted().get(self.run.slice, [])

    async def _request(self, asked: _Asked) -> Request | None:
        """Return the request for a page, or None when it was asked for already or there were enough."""
        question = asked.question
        if asked.attempt == 0:
            if question.identity in self._asked:
                return None
            self._asked.add(question.identity)
        params = urlencode({**question.params, **question.secret_params})
        url = question.url + (("&" if "?" in question.url else "?") + params if params else "")
        request = await self.ask(url, self.read_answer, asked=asked)
        return None if request is None else self.made(question, request)

    def made(self, question: Question, request: Request | None = None) -> Request:
        """Return the request of a question with method, body and headers."""
        request = request or Request(question.url, dont_filter=True)
        # An interface we were given a key for, not a page; what it says in its refusals is what we must read.
        request.meta.update(dont_obey_robotstxt=True, handle_httpstatus_all=True, dont_retry=True)
        for name, value in question.headers.items():
            request.headers[name] = value
        if question.body is not None:
            request = request.replace(method="POST", body=json.dumps(question.body, ensure_ascii=False).encode())
            request.headers["Content-Type"] = "application/json"
        elif question.form is not None:
            request = request.replace(method="POST", body=urlencode(question.form).encode())
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        return request

    async def read_answer(self, response: Response, asked: _Asked) -> AsyncIterator[Any]:
        """Read one page and ask for the next."""
        where = shown(response.url)
        if 300 <= response.status < 400:  # not followed: what we ask with is for the source's own address
            leads = shown((response.headers.get("Location") or b"nowhere").decode("latin-1"))
            says = f"answered {response.status}, leads to {leads}; set the address of the source to where it is now"
            self.tell(where, Trouble(kind=f"http_{response.status}", says=says))
            return
        if response.status == 200 and response.body.lstrip()[:1] == b"<" and await self.walled(response, where):
            return
        self._reading += 1
        try:
            parsed: Answer | None = await self.extract(
                self.parser, response.body, where, status=response.status, **asked.question.options
            )
        finally:
            self._reading -= 1
        if parsed is None:
            return
        if parsed["failed"] is not None:
            async for retried in self._refused(response, asked, parsed["failed"]):
                yield retried
            return
        for number, why in parsed["bad"][:BAD_ROWS_TOLD]:
            self.run.tally.note(f"{where}: row {number} {why}")
        if parsed["bad"]:
            self.run.tally.errors["bad_row"] += len(parsed["bad"])
        following = self.next(asked.question, parsed) if parsed["next"] is not None else None
        async for part in self._parts(asked, parsed, following):
            yield part
        self.stop_if_full()
        for detail in self.details(asked.question, parsed):
            request = await self._request(_Asked(question=detail, chain=""))
            if request is not None:
                yield request
        used = max(parsed["usage"] or 0.0, self.usage(response) or 0.0)
        if used >= FULL_USAGE:
            self.run.tally.note(f"{used:.0f} % of the interface's budget is used up; the next run goes on")
            raise CloseSpider("budget")
        if following is not None:
            request = await self._request(_Asked(question=following, chain=asked.chain))
            if request is not None:
                yield request

    async def _parts(self, asked: _Asked, parsed: Answer, following: Question | None) -> AsyncIterator[Any]:
        """Yield the items; the place of the next page is stored with the last of them."""
        kept = masked(msgspec.json.encode(parsed["items"]).decode())
        items = msgspec.json.decode(kept, type=list[Item])
        place = None
        if following is not None:
            place = {"next": parsed["next"], "about": dict(asked.question.about)}
        if masked(json.dumps(place)) != json.dumps(place):
            place = None  # it carries a token, so the next run starts anew
        last = max(0, len(items) - 1) // PART_ROWS * PART_ROWS
        for start in range(0, max(1, len(items)), PART_ROWS):
            ends = start == last and asked.chain and not self.run.full
            cursor = (asked.chain, place) if ends else None
            part = await self.part(items[start : start + PART_ROWS], cursor=cursor)
            if part is not None:
                yield part

    async def _refused(self, response: Response, asked: _Asked, failure: Failed) -> AsyncIterator[Request]:
        """Wait, ask for less, get a new token, or end with one line."""
        where, kind = shown(response.url), failure["kind"]
        again: _Asked | None = None
        asks = (retry_after(response, self.run.clock()), self.wait(response), failure["wait"])
        told = next((seconds for seconds in asks if seconds is not None), None)
        if told and kind == "rate_limited":  # whoever else asks with the same key would hear the same
            self.run.pace.pause(interface(response.meta["download_slot"], self.name), told)
        if asked.resumed is not None and kind in ("bad_request", "api_error"):  # the place is no longer known there
            again = _Asked(question=asked.resumed, chain=asked.chain)
        elif kind == "too_much":
            less = self.smaller(asked.question)
            again = None if less is None else replace(asked, question=less)
        elif kind == "token" and asked.attempt == 0 and await self.renew():
            again = replace(asked, attempt=1)
        elif kind in ("rate_limited", "transient") and asked.attempt + 1 < ATTEMPTS:
            wait = FIRST_WAIT * 2**asked.attempt if told is None else told
            if wait <= LONGEST_WAIT and await self._waited(wait):
                again = replace(asked, attempt=asked.attempt + 1)
        if again is not None:
            following = await self._request(again)
            if following is not None:
                yield following
            return
        refusal = Trouble(kind=kind, says=masked(failure["says"]) + TO_DO.get(kind, ""))
        if kind not in FOR_ALL:
            self.tell(where, refusal)
        elif kind not in self.run.tally.errors:  # other questions under way hear the same
            self.tell(where, refusal)
            raise CloseSpider(kind)

    async def failed(self, failure: Failure) -> AsyncIterator[Request]:  # type: ignore[override]  # Scrapy takes both
        """Ask once more after a broken connection; its address may carry a token."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        what = trouble(failure.value)
        if isinstance(failure.value, HostPaused):  # the answer that asked for it tells more, once it is parsed
            while self._reading and await self._waited(STOP_SECONDS):
                pass
            if what.kind in self.run.tally.errors:
                return
        asked: _Asked = request.cb_kwargs["asked"]
        passes = what.kind in ("connection", "truncated", "timeout") and asked.attempt + 1 < ATTEMPTS
        if passes and await self._waited(FIRST_WAIT * 2**asked.attempt):
            again = await self._request(replace(asked, attempt=asked.attempt + 1))
            if again is not None:
                yield again
            return
        self.tell(shown(request.url), what)

    async def _waited(self, seconds: float) -> bool:
        """Wait, but no longer than until the crawl is told to stop, for it stops only then; tell whether it goes on."""
        until = time.monotonic() + seconds
        while self.crawler.crawling and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, STOP_SECONDS))
        return self.crawler.crawling


def retry_after(response: Response, now: datetime) -> float | None:
    """Return the seconds an answer asks to wait, as a number or a date (RFC 9110); None where it says neither."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # a date without a zone cannot be compared, a day has an end
        return None
