"""Several workers on one database, and workers that are killed."""

import multiprocessing
import signal
import threading
from multiprocessing.connection import Connection

import pytest
from sqlalchemy import Engine, func, select, text

from storage.case_locks import lock_cases
from storage.cases import Judgement, judge, undo
from storage.database import open_engine, transaction
from storage.outbox import pending_intents, route_intents
from storage.schema import AlertIntent, Case, CaseItem, ItemRow, ItemVersion, Sighting, VerdictRow
from tests.storage.examples import MINUTE, NOW, an_item, arrive, count, see, see_all

_fork = multiprocessing.get_context("fork")


class Worker:
    """A process that records ads `first` to `first + total`, and says so after each transaction."""

    def __init__(self, engine: Engine, first: int, total: int, *, same: bool = False, batch: int = 1) -> None:
        engine.dispose()  # no open connection may cross the fork
        url = engine.url.render_as_string(hide_password=False)
        self._said, saying = _fork.Pipe(duplex=False)
        self._process = _fork.Process(target=_work, args=(url, saying, first, total, same, batch))
        self._process.start()
        saying.close()

    def hear(self) -> int:
        """Wait for the next committed transaction; return the number of its last ad."""
        return int(self._said.recv_bytes())

    def end(self, *, kill: bool = False) -> tuple[set[int], int | None]:
        """Wait for the process, or kill it; return what it still said, and its exit code."""
        if kill and self._process.pid:
            self._process.kill()
        said = set()
        while True:
            try:
                said.add(self.hear())
            except EOFError:
                break
        self._process.join()
        self._said.close()
        return said, self._process.exitcode


def _work(url: str, saying: Connection, first: int, total: int, same: bool, batch: int) -> None:
    engine = open_engine(url)
    for start in range(first, first + total, batch):
        numbers = range(start, min(start + batch, first + total))
        see_all(engine, [an_item(0 if same else number) for number in numbers])
        saying.send_bytes(str(numbers[-1]).encode())
    engine.dispose()


def test_four_writers_and_nothing_is_locked(engine: Engine) -> None:
    """(22) Four processes, 2,000 items each, as a crawl writes them but in smaller transactions."""
    workers = [Worker(engine, number * 2000, 2000, batch=40) for number in range(4)]
    assert [worker.end()[1] for worker in workers] == [0] * 4
    assert count(engine, Sighting) == count(engine, ItemRow) == count(engine, CaseItem) == 8000
    assert count(engine, Case) == 1
    with transaction(engine) as session:
        [intent] = pending_intents(session, NOW + MINUTE)
    assert (intent.reason, intent.count) == ("first", 8000)


def test_one_ad_seen_by_four_processes_is_one_item_and_one_alert(engine: Engine) -> None:
    workers = [Worker(engine, 0, times, same=True) for times in (3, 3, 2, 2)]
    assert [worker.end()[1] for worker in workers] == [0] * 4
    tables = (ItemRow, ItemVersion, VerdictRow, Case, CaseItem, AlertIntent, Sighting)
    assert [count(engine, table) for table in tables] == [1, 1, 1, 1, 1, 1, 10]


def test_one_ad_seen_by_four_threads_at_the_same_moment(engine: Engine) -> None:
    together = threading.Barrier(4)

    def look() -> None:
        together.wait()
        recorded.append(see(engine, an_item()))

    recorded = [see(engine, an_item(9))]
    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.new for one in recorded) == 2
    assert len(recorded) == 5
    assert count(engine, ItemRow) == 2
    with transaction(engine) as session:
        assert session.scalars(select(AlertIntent.count)).all() == [2]


def test_workers_that_record_the_same_in_another_order_do_not_wait_in_a_circle(engine: Engine) -> None:
    together = threading.Barrier(2, timeout=60)
    failed: list[BaseException] = []

    def work(order: int) -> None:
        try:
            for start in range(0, 1500, 300):
                hosts = [f"hoshino-{number}.test" for number in range(start, start + 300)]
                items = [an_item(start + number, host=host) for number, host in enumerate(hosts)]
                together.wait()
                see_all(engine, items[::order], flagged=start == 0)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (count(engine, ItemRow), count(engine, Case)) == (1500, 300)


def test_a_killed_worker_leaves_nothing_half_done(engine: Engine) -> None:
    """kill -9 at ten points: what it said was stored is there, and what is flagged has its case and alert."""
    said: set[int] = set()
    for number in range(10):
        worker = Worker(engine, number * 1000, 1000)
        said |= {worker.hear() for _ in range(number + 1)}
        rest, code = worker.end(kill=True)
        assert code == -signal.SIGKILL
        said |= rest
    with transaction(engine) as session:
        stored = set(session.scalars(select(ItemRow.external_id)))
        flagged = session.scalar(select(func.count()).select_from(VerdictRow))
        placed = session.scalar(select(func.count()).select_from(CaseItem))
        told = session.scalar(select(func.sum(AlertIntent.count)))
        seen = session.scalar(select(func.count()).select_from(Sighting))
    assert len(said) >= 55
    assert {f"ad-{one}" for one in said} <= stored
    assert len(stored) == flagged == placed == told == seen


@pytest.mark.postgres
def test_a_judgement_waits_for_the_items_that_are_just_arriving(engine: Engine) -> None:
    """Otherwise it could not suppress the message about them, and a dismissed case would be told of."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    case = see(engine, an_item(1)).cases[0]

    def dismiss() -> None:
        with transaction(engine) as session:
            judge(session, case, Judgement(who="aki", action="dismiss", reason="news"), now=NOW)

    judging = threading.Thread(target=dismiss)
    with transaction(engine) as session:
        route_intents(session, {1: []}, NOW)
    with transaction(engine) as session:
        arrive(session, an_item(2))
        judging.start()
        while judging.is_alive() and not someone_waits(engine):
            judging.join(0.01)
    judging.join()
    with transaction(engine) as session:
        states = session.execute(select(AlertIntent.reason, AlertIntent.state).order_by(AlertIntent.id))
        assert [tuple(row) for row in states] == [("first", "routed"), ("new_items", "suppressed")]


@pytest.mark.postgres
@pytest.mark.parametrize("back", [False, True])
def test_who_merges_two_cases_locks_the_lower_number_first_like_everybody(engine: Engine, back: bool) -> None:
    """Otherwise a dispatcher that tells of both and a person who merges them wait for each other."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    low, high = (see(engine, an_item(number, host=f"hoshino-{number}.test")).cases[0] for number in (1, 2))
    duplicate = Judgement(who="aki", action="duplicate", into=low)
    if back:
        with transaction(engine) as session:
            judge(session, high, duplicate, now=NOW)

    def merge_or_part() -> None:
        with transaction(engine) as session:
            if back:
                undo(session, high, who="aki", now=NOW)
            else:
                judge(session, high, duplicate, now=NOW)

    merging = threading.Thread(target=merge_or_part)
    with transaction(engine) as session:
        lock_cases(session, [low])
        merging.start()
        while merging.is_alive() and not someone_waits(engine):
            merging.join(0.01)
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert lock_cases(session, [high]).keys() == {high}
    merging.join()
    with transaction(engine) as session:
        assert session.scalar(select(Case.merged_into).where(Case.id == high)) == (None if back else low)


def someone_waits(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
