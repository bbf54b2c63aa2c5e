"""Visits, rechecks and time stamps as jobs: real children, a shop and a time stamping authority on loopback."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from config import load
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.media import MediaStore
from storage.schema import Case, StampRow, VisitRow
from tests.servers.time_stamps import MISSING, OPENSSL, TimeStamps
from tests.servers.web import WebServer
from watch.children.nursery import Nursery
from watch.due import due_jobs
from watch.job import Job
from watch.perform import Done, Hands, JobFailed, perform

pytestmark = pytest.mark.skipif(OPENSSL is None, reason=MISSING)

CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[egress]
allow = ["{shop}", "127.0.0.1:{stamps}"]
hosts = {{ "kaden-outlet.test" = "127.0.0.1" }}
[evidence]
authority = "http://127.0.0.1:{stamps}/tsr"
roots = "ca.pem"
[[brand]]
key = "hoshino"
name = "星野電機"
domains = ["hoshino-denki.example"]
[[source]]
key = "tips"
kind = "import"
path = "tips.jsonl"
item = "post"
every = "1d"
[[source]]
key = "journeys"
kind = "visits"
look_closer = 0.05
again = "1s"
every = "1d"
[[visitor]]
key = "telephone"
user_agent = "Mozilla/5.0 (iPhone)"
"""
POST = (
    '{{"id": "1", "kind": "post", "texts": [{{"role": "body", "text": "星野電機のエアコンを見つけました"}}],'
    ' "links": ["http://kaden-outlet.test:{port}/lp"]}}\n'
)
FRAUD = (
    "<html><title>星野電機 公式アウトレット</title><body><h1>星野電機 公式 閉店セール 90%OFF</h1>"
    "<form><input name=card><button>今すぐ購入</button></form>"
    "<a href='https://line.me/R/ti/p/@hoshino'>LINEで友だち追加</a></body></html>"
)
VISIT = Job(kind="visit", source="journeys", slice="visit")
RECHECK = Job(kind="recheck", source="journeys", slice="recheck")
STAMP = Job(kind="stamp")


@pytest.fixture
def shop() -> Iterator[WebServer]:
    with WebServer() as opened:
        opened.html("/lp", FRAUD)
        yield opened


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeStamps]:
    with TimeStamps(tmp_path / "authority") as opened:
        yield opened


class Desk:
    """Hands in a folder of their own."""

    def __init__(self, folder: Path, shop: WebServer, authority: TimeStamps) -> None:
        (folder / "tips.jsonl").write_text(POST.format(port=shop.port), "utf-8")
        (folder / "ca.pem").write_bytes(authority.roots.read_bytes())
        (folder / "mekiki.toml").write_text(CONFIG.format(shop=shop.allow, stamps=authority.port), "utf-8")
        self.engine = open_engine(f"sqlite:///{folder}/mekiki.db")
        upgrade(self.engine)
        self.said: list[str] = []
        self.hands = Hands(
            config=load(folder / "mekiki.toml"),
            engine=self.engine,
            media=MediaStore(folder / "media"),
            now=lambda: datetime.now(UTC),
            say=self.said.append,
            nursery=Nursery(memory=2048, longest=timedelta(minutes=5)),
        )

    def due(self) -> list[Job]:
        return [one.job for one in due_jobs(self.hands.config, self.engine, self.hands.now())]

    def count(self, model: type[VisitRow | Case]) -> int:
        with snapshot(self.engine) as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def next_try(self) -> None:
        """Let the time of the next try of all stamps come."""
        with transaction(self.engine) as session:
            for row in session.scalars(select(StampRow)):
                row.next_at = datetime.now(UTC)

    def stamped(self) -> list[bool]:
        with snapshot(self.engine) as session:
            return [row.token is not None for row in session.scalars(select(StampRow))]


def test_a_link_is_followed_once_looked_at_again_when_its_case_is_due_and_stamped(
    tmp_path: Path, shop: WebServer, authority: TimeStamps
) -> None:
    desk = Desk(tmp_path, shop, authority)

    async def work() -> None:
        async def do(job: Job) -> Done:
            assert job in desk.due()
            return await perform(job, desk.hands)

        async with desk.hands.nursery:
            await do(Job(kind="crawl", source="tips"))
            assert desk.count(VisitRow) == 0
            authority.script.append(lambda *_: (500, "text/plain", b"later"))  # the visit asks, too
            assert (await do(VISIT)).needed
            assert (desk.count(VisitRow), desk.count(Case)) == (1, 1), desk.said
            assert VISIT not in desk.due()
            assert not (await perform(VISIT, desk.hands)).needed

            assert desk.stamped() == [False]
            assert STAMP not in desk.due()  # not before its next try
            desk.next_try()
            await do(STAMP)
            assert desk.stamped() == [True], desk.said
            assert STAMP not in desk.due()

            time.sleep(1.1)  # until the case is to be looked at again
            assert (await do(RECHECK)).needed
            assert desk.count(VisitRow) == 2, desk.said
            assert RECHECK not in desk.due()
            assert not (await perform(RECHECK, desk.hands)).needed

    asyncio.run(work())
    desk.engine.dispose()
    assert [hit.path for hit in shop.hits] == ["/lp", "/lp"]


def test_certificates_that_cannot_be_read_fail_the_stamp_in_one_line(
    tmp_path: Path, shop: WebServer, authority: TimeStamps
) -> None:
    desk = Desk(tmp_path, shop, authority)
    (tmp_path / "ca.pem").write_text("nothing of the kind")
    with pytest.raises(JobFailed, match=r"^stamp: \S+ca\.pem: no certificates in PEM can be read from it$"):
        asyncio.run(perform(STAMP, desk.hands))
    desk.engine.dispose()
    assert authority.asked == []
