"""`mekiki sources`, `mekiki sources test`: is a source still seeing something, and what does one request bring?"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.cursors import cursor
from storage.database import open_engine, snapshot, transaction
from storage.runs import finish_run, start_run
from storage.schema import RunOutcome
from tests.servers.programs import mekiki
from tests.servers.sink import Reply, Sink
from tests.servers.web import Answer, WebServer

CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[storage]
database = "sqlite:///{folder}/mekiki.db"
[egress]
allow = ["127.0.0.1:*"]
[[brand]]
key = "hoshino"
name = "星野電機"
domains = ["hoshino-denki.example"]
[[source]]
key = "list"
kind = "feed"
paths = ["list.txt"]
canary = "hoshino-canary-7"
{more}
"""


def configure(folder: Path, more: str = "") -> Path:
    (folder / "list.txt").write_text("https://hoshino-canary-7.test/\nhttps://garden.example/\n")
    file = folder / "mekiki.toml"
    file.write_text(CONFIG.format(folder=folder, more=more), "utf-8")
    return file


def ran(file: Path, outcome: RunOutcome, **counts: int) -> None:
    """Write down a run of the source."""
    engine = open_engine(f"sqlite:///{file.parent}/mekiki.db")
    with transaction(engine) as session:
        finish_run(session, start_run(session, "list", datetime.now(UTC)), datetime.now(UTC), outcome, counts)
    engine.dispose()


def test_a_planted_item_proves_the_way_and_its_absence_is_told(tmp_path: Path) -> None:
    file = configure(tmp_path)
    assert "new" in mekiki("sources", "-c", file).stdout
    assert mekiki("crawl", "-c", file).returncode == 0
    well = mekiki("sources", "-c", file, "--json")
    assert well.returncode == 0, well.stderr
    (health,) = json.loads(well.stdout)
    assert (health["state"], health["items"]) == ("ok", 2)
    (tmp_path / "list.txt").write_text("https://garden.example/\n")
    mekiki("crawl", "-c", file)
    unwell = mekiki("sources", "-c", file)
    assert unwell.returncode == 4
    assert "'hoshino-canary-7' was not found" in unwell.stderr


def test_a_change_is_told_once_and_again_when_it_is_over(tmp_path: Path) -> None:
    with Sink(Reply(status=500)) as sink:
        (tmp_path / "hook").write_text(sink.url())
        file = configure(tmp_path, '[[receiver]]\nkey = "desk"\nchannel = "slack"\nurl = "file:hook"\n')
        mekiki("crawl", "-c", file)
        assert mekiki("alerts", "send", "-c", file).returncode == 0  # all is well: no news
        ran(file, "ok", items=2, canary=0)
        codes = [mekiki("alerts", "send", "-c", file).returncode for _ in range(3)]
        ran(file, "ok", items=2, canary=1)
        mekiki("alerts", "send", "-c", file)
    unwell = "Source list (the planted item was not found) needs a look"
    assert [json.loads(body)["text"] for body in sink.bodies] == [unwell, unwell, "Source list is well again"]
    assert [code != 0 for code in codes] == [True, False, False]  # what did not arrive is sent again, what did is not
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    with snapshot(engine) as session:
        assert cursor(session, "list", "health told") == ""
    engine.dispose()


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        (
            {"items": 9, "requests": 40, "error.http_500": 2, "error.timeout": 1},
            "3 errors in 40 requests (http_500, timeout)",
        ),
        ({"items": 9, "stopped": 1}, "it ended before the source was read to its end"),
        ({"items": 9, "error.unreadable": 1}, "1 error (unreadable)"),
    ],
)
def test_a_source_of_which_only_a_part_was_read_says_how_much(
    tmp_path: Path, counts: dict[str, int], says: str
) -> None:
    file = configure(tmp_path)
    mekiki("db", "upgrade", "-c", file)
    ran(file, "partial", canary=1, **counts)
    shown = mekiki("sources", "-c", file)
    assert (shown.returncode, "ok, partial" in shown.stdout) == (0, True), shown.stdout
    assert shown.stderr == f"mekiki: list: the last run was partial: {says}\n"
    (health,) = json.loads(mekiki("sources", "-c", file, "--json").stdout)
    assert health["partial"] == says
    ran(file, "ok", canary=1, items=9)
    whole = mekiki("sources", "-c", file)
    assert ("partial" in whole.stdout, whole.stderr) == (False, "")


def test_a_part_that_is_being_read_shows_its_last_ended_run_beside(tmp_path: Path) -> None:
    file = configure(tmp_path)

    def parts() -> tuple[dict[str, str | None], str]:
        (row,) = json.loads(mekiki("sources", "parts", "-c", file, "--json").stdout)
        return row, mekiki("sources", "parts", "list", "-c", file).stdout.splitlines()[-1]

    row, line = parts()
    assert (row["outcome"], row["going_since"], line.split()[1:]) == (None, None, ["(whole)", "-", "-", "-"])
    ran(file, "ok", items=2)
    row, line = parts()
    assert (row["outcome"], row["going_since"], line.split()[-2:]) == ("ok", None, ["ok", "-"])
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    with transaction(engine) as session:
        start_run(session, "list", datetime(2099, 1, 2, 3, 4, tzinfo=UTC))
    engine.dispose()
    row, line = parts()
    assert (row["outcome"], row["going_since"], " ok " in line) == ("ok", "2099-01-02T03:04:00Z", True)
    assert "2099-01-02 03:04" in line


@pytest.mark.parametrize(
    ("answer", "says", "advice"),
    [
        (Answer(body=b'{"data": [{"id": 1, "t": "x", "u": "https://a.test/"}]}'), "the first 1 item:", "nothing was"),
        (Answer(body=b'{"data": []}'), "there was nothing in it", "is the query"),
        (Answer(status=401, body=b'{"error": "expired"}'), "expired", "get a new one"),
        (Answer(body=b"<html>"), "not JSON", "kind, format"),
    ],
)
def test_one_request_is_explained(tmp_path: Path, answer: Answer, says: str, advice: str) -> None:
    with WebServer() as server:
        server.pages["/ads"] = answer
        file = configure(
            tmp_path,
            f'[[source]]\nkey = "ads"\nkind = "json"\nurl = "{server.url}/ads"\nitems = "data"\nerror = "error"\n'
            'fields = { id = "id", title = "t", links = "u" }\n',
        )
        result = mekiki("sources", "test", "ads", "-c", file)
        assert len(server.hits) == 1
    assert says in result.stdout, result.stderr
    assert advice in result.stdout
    assert not (tmp_path / "mekiki.db").exists()
    unknown = mekiki("sources", "test", "adds", "-c", file)
    assert unknown.returncode == 2
    assert "known: ads, list" in unknown.stderr
