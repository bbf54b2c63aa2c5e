"""Ranges of a log: allotted once, whoever asks; what is too little for others stays with who asked."""

from sqlalchemy import Engine

from storage.cursors import cursor, save_cursor
from storage.database import snapshot, transaction
from storage.ranges import SPAN, LogRange, Reached, allot, known_logs, open_ranges, reach
from tests.storage.examples import NOW

LOG = "https://log.test/2026&range=1"  # an address may look like anything


def ask(engine: Engine, *, start: int, end: int) -> int:
    with transaction(engine) as session:
        return allot(session, "logs", LOG, start=start, end=end, size=end, now=NOW)


def ranges(engine: Engine) -> list[LogRange]:
    with snapshot(engine) as session:
        return open_ranges(session, "logs")


def test_a_long_stretch_is_cut_where_every_other_would_be_cut_and_belongs_to_one_range_each(engine: Engine) -> None:
    start, end = 100, 3 * SPAN + 500
    assert ask(engine, start=start, end=end) == 3 * SPAN
    cut = ranges(engine)
    assert [(one.log, one.first, one.next, one.end) for one in cut] == [
        (LOG, 100, 100, SPAN),
        (LOG, SPAN, SPAN, 2 * SPAN),
        (LOG, 2 * SPAN, 2 * SPAN, 3 * SPAN),
    ]
    assert cut[1].name == f"log={LOG}&range={SPAN}-{2 * SPAN}"
    assert ask(engine, start=start, end=end + 5) == 3 * SPAN, "who comes second finds it allotted"
    assert ranges(engine) == cut


def test_little_is_allotted_to_nobody(engine: Engine) -> None:
    start = SPAN - 200
    assert ask(engine, start=start, end=2 * SPAN - 200) == start
    assert ranges(engine) == []
    with snapshot(engine) as session:
        assert cursor(session, "logs", LOG) is None


def test_a_range_goes_on_where_it_was_and_is_gone_with_its_last_entry(engine: Engine) -> None:
    ask(engine, start=0, end=2 * SPAN)
    first, second = ranges(engine)
    with transaction(engine) as session:
        save_cursor(session, "logs", first.name, first.read_to(SPAN, 7), NOW)
        save_cursor(session, "logs", second.name, second.read_to(SPAN + 256, 7), NOW)
        assert cursor(session, "logs", LOG) == {"next": 2 * SPAN, "size": 2 * SPAN, "logged": None}
    [left] = ranges(engine)
    assert (left.name, left.next) == (second.name, SPAN + 256)


def test_no_position_goes_back_and_no_range_that_was_read_comes_back(engine: Engine) -> None:
    ask(engine, start=0, end=2 * SPAN)
    first, second = ranges(engine)

    def read(one: LogRange, to: int) -> None:
        with transaction(engine) as session:
            reached = Reached(log=LOG, next=to, value=one.read_to(to, None), of_range=True)
            reach(session, "logs", one.name, reached, NOW)

    read(second, SPAN + 512)
    read(second, SPAN + 256)  # by who was taken for dead
    assert [one.next for one in ranges(engine)] == [0, SPAN + 512]
    read(first, SPAN)
    read(first, 256)
    assert [one.name for one in ranges(engine)] == [second.name]
    for to in (256, 2 * SPAN + 256, 2 * SPAN):  # of the end of the log
        with transaction(engine) as session:
            value = {"next": to, "size": 3 * SPAN, "logged": None}
            reach(session, "logs", LOG, Reached(log=LOG, next=to, value=value), NOW)
    with snapshot(engine) as session:
        assert cursor(session, "logs", LOG)["next"] == 2 * SPAN + 256  # type: ignore[index]
        assert known_logs(session, "logs") == [LOG]
