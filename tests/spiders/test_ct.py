"""A log read to its end, over both interfaces, through kills, without losing or repeating a name."""

import gzip
import itertools
import json
import signal
import time
from pathlib import Path

import pytest

import config as configuration
from spiders.ct_parts import parts_of
from spiders.pages.ct_names import logged_at
from spiders.slices import slices_of
from storage.cursors import save_cursor
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.ranges import SPAN, LogRange
from tests.servers.crawling import Crawling
from tests.servers.ct_log import CtLog, certificate
from tests.servers.programs import mekiki
from tests.servers.web import Answer
from tests.storage.examples import NOW

LENGTH = 600
OURS = {7, 255, 256, 511, 599}
NAMES = [[f"hoshino-denki-sale{n}.test" if n in OURS else f"shop{n}.example"] for n in range(LENGTH)]
ENTRIES = [certificate(names) for names in NAMES]
FOUND = {f"hoshino-denki-sale{n}.test" for n in OURS}
SOURCE = """
[[source]]
key = "logs"
kind = "ct"
urls = ["{url}/"]
api = "{api}"
delay = 0.0
{more}
"""


def configured(folder: Path, log: CtLog, api: str = "static", more: str = "") -> Crawling:
    crawling = Crawling(folder)
    crawling.configure(SOURCE.format(url=log.url, api=api, more=more), allow=[log.allow])
    return crawling


def names(crawling: Crawling) -> set[str]:
    return {name for (name,) in crawling.rows("SELECT external_id FROM items")}


@pytest.mark.parametrize(("api", "offered"), [("static", True), ("static", False), ("rfc6962", False)])
def test_every_name_of_ours_is_found(tmp_path: Path, api: str, offered: bool) -> None:
    with CtLog(ENTRIES, names=NAMES if offered else ()) as log:
        crawling = configured(tmp_path, log, api)
        report = crawling.crawl()["logs"]
        assert (report.outcome, report.errors, report.items) == ("ok", {}, len(OURS)), report.problems
        assert names(crawling) == FOUND
        asked = len(log.hits)
        assert any("tile/data" in path for path in log.paths()) == (api == "static" and not offered)
        log.entries.append(certificate(["hoshino-denki-late.test"]))  # 601: the last tile is partial again
        log.names = [*NAMES, ["hoshino-denki-late.test"]] if offered else ()
        again = crawling.crawl()["logs"]
        assert (again.outcome, again.items) == ("ok", 1)
        assert len(log.hits) - asked <= 4
        nothing = crawling.crawl()["logs"]
    assert (nothing.outcome, nothing.items) == ("ok", 0)
    assert crawling.rows("SELECT count(*) FROM sightings") == [(len(OURS) + 1,)]


def test_the_first_run_starts_near_the_end_and_a_run_takes_so_much(tmp_path: Path) -> None:
    with CtLog(ENTRIES, names=NAMES) as log:
        crawling = configured(tmp_path, log, more="back = 350\nmost = 100")
        first = crawling.crawl()["logs"]
        assert "250 entries are left for the next run" in first.problems[0]
        assert names(crawling) == {"hoshino-denki-sale255.test", "hoshino-denki-sale256.test"}
        for _ in range(3):
            crawling.crawl()
    assert names(crawling) == {f"hoshino-denki-sale{n}.test" for n in OURS - {7}}


def test_logs_of_a_list_file_are_read_and_their_lag_is_shown(tmp_path: Path) -> None:
    with CtLog(ENTRIES, names=NAMES) as log:
        tiled = [{"monitoring_url": f"{log.url}/", "state": {"usable": {}}}]
        (tmp_path / "logs.json").write_text(json.dumps({"operators": [{"tiled_logs": tiled}]}), "utf-8")
        crawling = Crawling(tmp_path)
        source = '[[source]]\nkey = "logs"\nkind = "ct"\nlog_list = "logs.json"\nmost = 256\ndelay = 0.0\n'
        crawling.configure(source, allow=[log.allow])
        assert crawling.crawl()["logs"].outcome == "ok"
        shown = mekiki("sources", "-c", crawling.file).stdout
        assert f"logs: {log.url}: 344 entries behind" in shown, shown
        assert "the last entry read was logged" in shown
        (tmp_path / "logs.json").write_text('{"operators": []}', "utf-8")
        report = crawling.crawl()["logs"]
    assert (report.outcome, set(report.errors)) == ("failed", {"no_file"}), report.problems


def test_a_kill_in_the_middle_of_a_log_loses_nothing(tmp_path: Path) -> None:
    with CtLog(ENTRIES, most=20) as log:
        log.pause = 0.15
        crawling = configured(tmp_path, log, "rfc6962")
        reached = []
        for _ in range(2):
            before = len(log.hits)
            with crawling.start() as process:
                deadline = time.monotonic() + 60
                while len(log.hits) < before + 9 and time.monotonic() < deadline:
                    time.sleep(0.02)
                process.send_signal(signal.SIGKILL)
            reached.append(crawling.rows("SELECT value FROM cursors"))
        log.pause = 0.0
        report = crawling.crawl()["logs"]
    assert reached[0] != [] or reached[1] != []  # a position was kept before the kill
    assert report.outcome == "ok"
    assert names(crawling) == FOUND
    [(place,)] = crawling.rows("SELECT value FROM cursors")
    assert json.loads(place)["next"] == LENGTH


def test_a_log_that_answers_rubbish_is_one_line(tmp_path: Path) -> None:
    with CtLog(ENTRIES[:5]) as log:
        log.entries[2] = b"no certificate"
        crawling = configured(tmp_path, log)
        report = crawling.crawl()["logs"]
        assert report.errors == {"bad_row": 1}
        assert "entry 2: unreadable certificate" in report.problems[0]
        del log.entries[1:]
        shorter = crawling.crawl()["logs"]
    assert "another log at this address?" in shorter.problems[0]


def test_a_log_that_tells_nonsense_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    with CtLog(ENTRIES[:256], names=[*NAMES[:256], ["hoshino-denki-sale300.test"]]) as log:
        log.answer = lambda hit: (  # type: ignore[method-assign]  # one row too many, in the year -31,000,000
            Answer(body=gzip.compress(b"\n".join(_row(number) for number in range(300))))
            if "tile/names" in hit.path
            else CtLog.answer(log, hit)
        )
        report = configured(tmp_path, log).crawl()["logs"]
    assert (report.outcome, set(report.errors)) == ("failed", {"unreadable"}), report.problems
    assert "holds 300 entries, where a tile has 256" in report.problems[0]


def parts(crawling: Crawling) -> tuple[str, ...]:
    """Return the parts of the source."""
    settings = configuration.load(crawling.file)
    engine = open_engine(settings.storage.database)
    upgrade(engine)
    with snapshot(engine) as session:
        found = slices_of(settings, settings.source[0], session)
    engine.dispose()
    return found


def allotted(crawling: Crawling, log: CtLog, *cuts: int, read: int = 0) -> list[str]:
    """Allot what lies between these entries, one range after another; the rest is left to the end of the log.

    The first range was read up to `read`, by somebody who was killed then.
    """
    engine = open_engine(f"sqlite:///{crawling.folder / 'mekiki.db'}")
    upgrade(engine)
    ranges = [LogRange(log=log.url, first=a, end=b, next=a) for a, b in itertools.pairwise(cuts)]
    with transaction(engine) as session:
        for one in ranges:
            save_cursor(session, "logs", one.name, one.read_to(max(one.first, read), None), NOW)
        save_cursor(session, "logs", log.url, {"next": cuts[-1], "size": LENGTH, "logged": None}, NOW)
    engine.dispose()
    return [one.name for one in ranges]


def test_ranges_and_the_end_together_give_the_whole_log_each_entry_once(tmp_path: Path) -> None:
    with CtLog(ENTRIES, names=NAMES) as log:
        crawling = configured(tmp_path, log)
        first, second = allotted(crawling, log, 0, 256, 512)
        assert parts(crawling) == (f"log={log.url}", first, second)
        for part, new in ((second, {256, 511}), (f"log={log.url}", {599}), (first, {7, 255})):
            before = names(crawling)
            report = crawling.crawl(sources=["logs"], slice=part)["logs"]
            assert report.outcome == "ok", report.problems
            assert names(crawling) - before == {f"hoshino-denki-sale{n}.test" for n in new}
        assert parts(crawling) == (f"log={log.url}",)
        asked = [path for path in log.paths() if "/tile/" in path]
        assert len(asked) == len(set(asked)) == 3
        done = crawling.crawl(sources=["logs"], slice=first)["logs"]
        assert (done.outcome, done.requests, done.errors) == ("ok", 0, {}), "somebody else has read it"
    assert crawling.rows("SELECT count(*) FROM sightings") == [(len(OURS),)]


def test_a_run_of_the_whole_reads_what_was_allotted_from_where_others_left_it(tmp_path: Path) -> None:
    with CtLog(ENTRIES, names=NAMES) as log:
        crawling = configured(tmp_path, log)
        allotted(crawling, log, 0, 256, 512, read=10)
        assert crawling.crawl()["logs"].outcome == "ok"
        assert names(crawling) == FOUND - {"hoshino-denki-sale7.test"}
        assert parts(crawling) == (f"log={log.url}",)


def test_what_is_too_much_for_one_is_allotted_and_counts_as_not_read(tmp_path: Path) -> None:
    length = 3 * SPAN + 300
    with CtLog(ENTRIES[:1] * length, names=NAMES[:1] * length) as log:
        crawling = configured(tmp_path, log, more="back = 200000\nmax_pages = 20")
        assert parts(crawling) == (f"log={log.url}",)
        report = crawling.crawl(sources=["logs"], slice=f"log={log.url}")["logs"]
        assert (report.outcome, report.requests) == ("ok", 3), "its length, and the two tiles of the end"
        cut = [(0, SPAN), (SPAN, 2 * SPAN), (2 * SPAN, 3 * SPAN)]
        assert parts(crawling)[1:] == tuple(f"log={log.url}&range={a}-{b}" for a, b in cut)
        shown = mekiki("sources", "-c", str(crawling.file)).stdout
    assert f"logs: {log.url}: {3 * SPAN:,} entries behind" in shown, shown


def test_who_was_taken_for_dead_ends_where_another_is_further_and_undoes_nothing(tmp_path: Path) -> None:
    with CtLog(ENTRIES, most=20) as log:
        log.pause = 0.15
        crawling = configured(tmp_path, log, "rfc6962")
        first, second = allotted(crawling, log, 0, 256, 512)
        with crawling.start(sources=["logs"], slice=first) as process:
            deadline = time.monotonic() + 60
            while len(log.hits) < 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            engine = open_engine(f"sqlite:///{crawling.folder / 'mekiki.db'}")
            with transaction(engine) as session:  # another has read it to its end
                save_cursor(session, "logs", first, None, NOW)
            engine.dispose()
            process.communicate()
        assert process.returncode == 0
        assert len(log.hits) <= 8, "of 13"
    assert parts(crawling) == (f"log={log.url}", second)


def test_what_was_allotted_of_a_log_that_is_listed_no_more_is_read(tmp_path: Path) -> None:
    with CtLog(ENTRIES, names=NAMES) as log:
        crawling = configured(tmp_path, log)
        [one] = allotted(crawling, log, 0, 256)
        other = SOURCE.format(url="https://log.test", api="static", more="")
        crawling.configure(other, allow=[log.allow])
        assert parts(crawling) == ("log=https://log.test", one)
        assert crawling.crawl(sources=["logs"], slice=one)["logs"].outcome == "ok"
    assert names(crawling) == {"hoshino-denki-sale7.test", "hoshino-denki-sale255.test"}
    assert parts(crawling) == ("log=https://log.test",)


def test_a_list_file_that_cannot_be_read_leaves_the_parts_as_they_were(tmp_path: Path) -> None:
    with CtLog(ENTRIES, names=NAMES) as log:
        crawling, file = Crawling(tmp_path), tmp_path / "logs.json"
        source = '[[source]]\nkey = "logs"\nkind = "ct"\nlog_list = "logs.json"\ndelay = 0.0\n'
        crawling.configure(source, allow=[log.allow])
        tiled = [{"monitoring_url": f"{log.url}/", "state": {"usable": {}}}]
        file.write_text(json.dumps({"operators": [{"tiled_logs": tiled}]}), "utf-8")
        [one] = allotted(crawling, log, 0, 256)
        listed = parts(crawling)
        assert listed == (f"log={log.url}", one)
        for broken in ('{"operators": [', ""):  # it is being written
            file.write_text(broken, "utf-8")
            assert parts(crawling) == listed
        file.unlink()
        assert parts(crawling) == listed
        report = crawling.crawl(sources=["logs"], slice=f"log={log.url}")["logs"]
    assert set(report.errors) == {"no_file"}, report.problems


def test_ends_of_many_logs_are_read_together() -> None:
    few = [f"https://log{number}.test" for number in range(15)]
    assert parts_of(few) == {f"log={log}": (log,) for log in few}
    many = [f"https://log{number}.test" for number in range(60)]
    groups = parts_of(many)
    assert set(groups) <= {f"logs={number}/8" for number in range(1, 9)}
    assert sorted(log for group in groups.values() for log in group) == sorted(many)


def _row(number: int) -> bytes:
    return json.dumps({"Timestamp": -(10**18), "Subject": {}, "DNS": [f"hoshino-denki-sale{number}.test"]}).encode()


def test_a_time_beyond_the_calendar_is_bounded() -> None:
    assert (logged_at(-(10**18)).year, logged_at(2**63).year) == (1970, 2109)
