"""A board that is served, and people with browsers before it."""

import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, Response
from sqlalchemy import Engine, select

from detector.items import Advertiser, Item, Text
from storage.database import open_engine, snapshot, transaction
from storage.judgements import Judgement, judge
from storage.schema import Case, CaseLog
from tests.board.browser.builder import utc_now
from tests.board.browser.made import LOGINS, PASSWORD
from tests.storage.examples import a_verdict, see

DESK, TELEPHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
_numbers = itertools.count(1)


class Site:
    """A board that is served from a folder of its own."""

    def __init__(self, *, folder: Path, url: str, made: Mapping[str, Any]) -> None:
        self.folder = folder
        self.url = url
        self.made = made  # what `tests.board.browser.made` has written
        self.cookies: dict[str, Any] = {}  # by role: of a session that all tests of a process share

    @cached_property
    def engine(self) -> Engine:
        return open_engine(f"sqlite:///{self.folder}/mekiki.db")

    def case(self, name: str) -> int:
        """Return the number of a case of the showcase."""
        return int(self.made["cases"][name])

    @property
    def notices(self) -> list[int]:
        """The numbers of the notices."""
        found = self.made["notices"]
        return list(found.values() if isinstance(found, dict) else found)

    def flag(self, word: str | None = None, *, score: float = 0.99, **changes: Any) -> int:
        """Find something new, of a campaign of its own; return its case."""
        word = word or f"w{secrets.token_hex(5)}"
        values: dict[str, Any] = {
            "id": f"new-{word}-{next(_numbers)}",
            "kind": "ad",
            "platform": "meta",
            "advertiser": Advertiser(id=word, name=f"店舗 {word}"),
            "texts": (Text(role="body", text=f"星野電機 {word * 4}", lang="ja"),),
            "links": (f"https://{word}.test/lp",),
        }
        item = Item(**{**values, **changes})
        [case] = see(self.engine, item, a_verdict(item, score=score), at=utc_now(), source="meta-ads").cases
        return case

    def decide(self, case: int, who: str, action: Any, **more: Any) -> None:
        """Judge a case as a person does who sits elsewhere."""
        with transaction(self.engine) as session:
            judge(session, case, Judgement(who=who, action=action, **more), now=utc_now())

    def state(self, case: int) -> str:
        """Return how a case stands."""
        with snapshot(self.engine) as session:
            return session.get_one(Case, case).state

    def becomes(self, page: Page, case: int, state: str) -> bool:
        """Wait until a case stands so, while a page goes on; tell whether it does."""
        for _ in range(600):
            if self.state(case) == state:
                return True
            page.wait_for_timeout(50)
        return False

    def entries(self, case: int) -> list[tuple[str, str]]:
        """Return who did what with a case, the machine left out."""
        with snapshot(self.engine) as session:
            query = select(CaseLog.who, CaseLog.action).where(CaseLog.case_id == case).order_by(CaseLog.id)
            return [(who, action) for who, action in session.execute(query) if who != "mekiki"]


@dataclass(kw_only=True)  # without slots: Playwright hangs what it needs on whoever listens
class Somebody:
    """A browser of one person."""

    site: Site
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)  # statuses of 400 and above that a test provokes
    pictures_gone: bool = False  # pictures that are not there are expected: a drawing that says so, and 404

    @classmethod
    def enter(cls, browser: Browser, site: Site, role: str | None, *, language: str = "ja", **options: Any) -> Self:
        """Open a browser; of a role: with the session that this role has already, or by the real form."""
        settings = {"viewport": DESK, "base_url": site.url, "locale": "en-GB", **options}
        context = browser.new_context(**settings)
        context.set_default_timeout(60_000)  # a busy machine is slow, and nothing here is about time
        context.add_cookies([{"name": "language", "value": language, "url": site.url}])
        if role in site.cookies:
            context.add_cookies([site.cookies[role]])
        one = cls(site=site, context=context, page=context.new_page())
        one.watch(one.page)
        context.on("page", one.watch)
        if role is not None and role not in site.cookies:
            one.sign_in(role)
            [cookie] = [found for found in context.cookies() if found.get("name") == "mekiki"]
            site.cookies[role] = cookie
        return one

    def sign_in(self, role: str) -> None:
        """Sign in by the form."""
        self.page.goto("/sign-in")
        self.page.locator("[name=login]").fill(LOGINS[role])
        self.page.locator("[name=password]").fill(PASSWORD)
        self.page.locator("form[action='/sign-in'] button").click()
        self.page.wait_for_url("**/wall*")

    def go(self, path: str) -> Page:
        """Open a page of the board."""
        self.page.goto(path)
        return self.page

    def watch(self, page: Page) -> None:
        """Note what a page does wrong."""
        page.on("console", self._wrote)
        page.on("pageerror", lambda error: self.problems.append(f"threw: {error}"))
        page.on("dialog", self._opened)
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    def _wrote(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "the server responded with a status of" not in message.text:
            self.problems.append(f"console: {message.text} ({message.location.get('url')})")

    def _opened(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(f"{self.site.url}/"):
            self.problems.append(f"asked elsewhere: {request.url[:200]}")

    def _answered(self, response: Response) -> None:
        gone = self.pictures_gone and response.status == 404 and response.request.resource_type == "image"
        if response.status >= 400 and response.status not in self.expected and not gone:
            self.problems.append(f"{response.status}: {response.request.method} {response.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page was left, or what came is a file to keep
            self.problems.append(f"failed: {request.url}: {request.failure}")
