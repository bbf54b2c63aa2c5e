"""The setup pages: what is tried writes nothing, what is written is what the command line writes, and who may."""

import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, event, select

import config as configuration
from board.board import Board
from cli import main
from config.board import Role
from storage.custody import chain
from storage.database import snapshot
from storage.schema import SilenceRow
from tests.board.conftest import Clock, Somebody
from tests.console.conftest import Store

ENTRY = {"brand": "hoshino", "who": "reseller", "scope": "domain:hoshinodenki-outlet1.test", "until": "2027-03-31"}


@contextmanager
def nothing_written(engine: Engine) -> Iterator[list[str]]:
    """Collect what is written to the database but for the session's own row."""
    written: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if re.match(r"\s*(INSERT|UPDATE|DELETE)", statement) and "board_sessions" not in statement:
            written.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield written
    event.remove(engine, "before_cursor_execute", note)


def english(one: Somebody) -> Somebody:
    one.client.cookies.set("language", "en")
    return one


def test_a_text_is_judged_with_the_reasons_and_nothing_is_written(
    store: Store, somebody: Callable[..., Somebody]
) -> None:
    one = english(somebody("viewer"))
    text = "星野電機 公式 閉店セール 80%OFF LINEで友だち追加"
    with nothing_written(store.engine) as written:
        answer = one.post("/setup/try", {"text": text})
    assert answer.status_code == 200
    assert "impersonation" in answer.text
    assert "<mark>星野電機</mark>" in answer.text
    assert "Without one of them" in answer.text
    assert written == []
    score = re.search(r'class="score">([\d.]+)<', answer.text)
    told = CliRunner().invoke(main, ["scan", "-c", str(store.config), text])
    assert score is not None
    assert f"score {score[1]}" in told.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hoshinodenki-sale.test", "domain"),
        ("https://hoshinodenki-sale.test/lp", "page"),
        ("https://hoshino-denki.example/", "official"),
        ("a sentence about nothing", "No sign of a protected brand"),
    ],
)
def test_hosts_and_urls_are_judged_as_such(somebody: Callable[..., Somebody], text: str, says: str) -> None:
    assert says in english(somebody("viewer")).post("/setup/try", {"text": text}).text


def test_no_file_of_the_server_is_read(store: Store, somebody: Callable[..., Somebody]) -> None:
    secret = store.folder / "secret.txt"
    secret.write_text("星野電機 公式 閉店セール 秘密の文", "utf-8")
    for name in (str(secret), f"file://{secret}", "./mekiki.toml", "secret.txt"):
        answer = english(somebody("viewer")).post("/setup/try", {"text": name})
        assert answer.status_code == 200
        assert "秘密の文" not in answer.text


def test_hostile_text_stays_text(somebody: Callable[..., Somebody]) -> None:
    text = "星野電機 公式</script><script>alert(1)</script>\u202e https://evil.test \x1b]0;x\x07"
    answer = somebody("viewer").post("/setup/try", {"text": text * 20})
    shown = answer.text[
        answer.text.index("</form>", answer.text.index('action="/setup/try"')) :
    ]  # behind what was typed
    assert "<script>alert" not in answer.text
    assert "\u202e" not in shown
    assert "https://evil" not in shown


def test_nothing_and_too_much(somebody: Callable[..., Somebody]) -> None:
    one = somebody("viewer")
    assert one.post("/setup/try", {"text": "  "}).status_code == 422
    assert one.post("/setup/try", {"text": "星野電機 " * 200_000}).status_code in (200, 413)


def test_a_silence_is_the_one_of_the_command(
    store: Store, somebody: Callable[..., Somebody], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.commands.silences.utc_now", clock)
    means = {"brands": "hoshino", "advertisers": "demo:a1, demo:a2", "cases": "1", "kinds": "ad", "min_score": "0.5"}
    answer = somebody("analyst").post(
        "/setup/silences", {**means, "until": "2026-12-01", "reason": "a campaign of ours"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/setup/silences")
    options = "--brand hoshino --advertiser demo:a1 --advertiser demo:a2 --case 1 --kind ad --min-score 0.5"
    command = ["alerts", "silence", "-c", str(store.config), *options.split(), "--until", "2026-12-01", "--as", "aoki"]
    result = CliRunner().invoke(main, [*command, "--reason", "a campaign of ours"])
    assert result.exit_code == 0, result.output
    with snapshot(store.engine) as session:
        ours, theirs = session.scalars(select(SilenceRow).order_by(SilenceRow.id)).all()
        rows = [(one.matches, one.created_by, one.reason, one.ends_at, one.created_at) for one in (ours, theirs)]
    assert rows[0] == rows[1]
    assert rows[0][0] == {
        "brands": ["hoshino"],
        "advertisers": ["demo:a1", "demo:a2"],
        "cases": [1],
        "kinds": ["ad"],
        "min_score": 0.5,
    }


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"reason": "x", "length": "1d"}, "it would silence every case"),
        ({"reason": "x", "length": "1d", "brands": "nobody"}, "there is no brand"),
        ({"reason": "x", "length": "1d", "cases": "one"}, "--case: expected the number"),
        ({"reason": "x", "brands": "hoshino"}, "say when it ends"),
        ({"reason": "x", "brands": "hoshino", "length": "1d", "until": "2026-12-01"}, "say when it ends"),
        ({"reason": "x", "brands": "hoshino", "until": "2020-01-01"}, "an end in the future"),
        ({"reason": "x", "brands": "hoshino", "length": "52w"}, "at most 90 days"),
        ({"reason": " ", "brands": "hoshino", "length": "1d"}, "a person and a reason"),
        ({"reason": "x", "brands": "hoshino", "everything": "1", "length": "1d"}, "--everything silences every case"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(
    store: Store, somebody: Callable[..., Somebody], data: dict[str, str], says: str
) -> None:
    answer = somebody("analyst").post("/setup/silences", data)
    assert answer.status_code == 422
    assert says in answer.text
    with snapshot(store.engine) as session:
        assert session.scalars(select(SilenceRow)).all() == []


def test_silences_are_listed_and_ended(store: Store, somebody: Callable[..., Somebody]) -> None:
    one = english(somebody("analyst"))
    one.post("/setup/silences", {"brands": "hoshino", "length": "1d", "reason": "<b>why</b>"})
    page = one.get("/setup/silences").text
    assert "--brand hoshino" in page
    assert "<b>why" not in page
    assert one.post("/setup/silences/1/end").status_code == 303
    assert "Nothing is silenced" in one.get("/setup/silences").text
    assert "ended by aoki" in one.get("/setup/silences?over=1").text
    assert one.post("/setup/silences/1/end").status_code == 422  # over already
    assert one.post("/setup/silences/9/end").status_code == 404
    done = [(row.action, row.subject) for row in chain(store.engine) if row.who == "aoki"]
    assert ("board unsilence", "silence 1") in done


def test_an_entry_is_shown_as_lines_with_what_it_would_do(store: Store, somebody: Callable[..., Somebody]) -> None:
    one = english(somebody("viewer"))
    with nothing_written(store.engine) as written:
        page = one.post("/setup/ownership/try", {**ENTRY, "note": 'contract "7" \\ 星野'}).text
    assert written == []
    shown = re.search(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)
    assert shown is not None

    [entry] = tomllib.loads(unescape(shown[1]))["ownership"]
    assert entry["note"] == 'contract "7" \\ 星野'
    assert (entry["scope"], str(entry["until"])) == (ENTRY["scope"], ENTRY["until"])
    assert "Judged again: 3 of 3 open cases" in page
    assert "Append to" not in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scope": "hoshino.test"}, "scope: expected domain:HOST"),
        ({"scope": "domain:blogspot.com"}, "anybody can have a page"),
        ({"scope": "domain:a.test\u202e"}, "scope"),
        ({"who": "thief"}, "who"),
        ({"brand": "nobody"}, "there is no brand"),
        ({"until": "soon"}, "until"),
        ({"note": "one\ntwo"}, "one line"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(
    somebody: Callable[..., Somebody], change: dict[str, str], says: str
) -> None:
    answer = somebody("viewer").post("/setup/ownership/try", {**ENTRY, **change})
    assert answer.status_code == 422
    assert says in answer.text


@pytest.fixture
def writable(store: Store) -> Path:
    """A store whose configuration names a file for the board to write to."""
    file = store.folder / "allowed.toml"
    file.write_text("# who may use the brands\n", "utf-8")
    file.chmod(0o640)
    main_file = Path(store.config)
    text = main_file.read_text("utf-8")
    main_file.write_text(f'include = ["allowed.toml"]\n{text}[board]\nwrites = "allowed.toml"\n', "utf-8")
    return file


def seen(one: Somebody) -> str:
    page = one.post("/setup/ownership/try", ENTRY).text
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def test_an_admin_appends_an_entry(writable: Path, store: Store, somebody: Callable[..., Somebody]) -> None:
    one = somebody("admin")
    answer = one.post("/setup/ownership", {**ENTRY, "note": "n", "seen": seen(one)})
    assert answer.status_code == 200, answer.text
    assert writable.read_text("utf-8") == (
        '# who may use the brands\n\n[[ownership]]\nbrand = "hoshino"\nwho = "reseller"\n'
        'scope = "domain:hoshinodenki-outlet1.test"\nuntil = 2027-03-31\nnote = "n"\n'
    )
    assert writable.stat().st_mode & 0o777 == 0o640
    assert [entry.note for entry in configuration.load(Path(store.config)).ownership] == ["n"]
    assert sorted(store.folder.glob(".allowed*")) == []
    assert ("kimura", "board ownership") in [(row.who, row.action) for row in chain(store.engine)]


def test_a_file_that_changed_meanwhile_is_left_alone(writable: Path, somebody: Callable[..., Somebody]) -> None:
    one = somebody("admin")
    before = seen(one)
    writable.write_text("# changed\n", "utf-8")
    answer = one.post("/setup/ownership", {**ENTRY, "seen": before})
    assert answer.status_code == 409
    assert writable.read_text("utf-8") == "# changed\n"
    assert one.post("/setup/ownership", ENTRY).status_code == 409  # nothing was seen


def test_nothing_is_written_where_the_configuration_is_wrong(
    writable: Path, store: Store, somebody: Callable[..., Somebody]
) -> None:
    one = somebody("admin")
    fingerprint = seen(one)
    file = Path(store.config)
    file.write_text(file.read_text("utf-8") + '[[brand]]\nkey = "hoshino"\nname = "twice"\n', "utf-8")
    before = writable.read_bytes()
    answer = one.post("/setup/ownership", {**ENTRY, "seen": fingerprint})
    assert answer.status_code == 422
    assert "is used twice" in answer.text
    assert writable.read_bytes() == before


def test_only_an_included_file_below_the_configuration_is_written(
    writable: Path, store: Store, somebody: Callable[..., Somebody]
) -> None:
    one = somebody("admin")
    fingerprint = seen(one)
    file = Path(store.config)
    file.write_text(file.read_text("utf-8").replace('include = ["allowed.toml"]\n', ""), "utf-8")
    before = writable.read_bytes()
    answer = one.post("/setup/ownership", {**ENTRY, "seen": fingerprint})
    assert answer.status_code == 422
    assert "none of the files" in answer.text
    assert writable.read_bytes() == before


@pytest.mark.parametrize("inside", [True, False])
def test_a_link_is_not_written_through(
    writable: Path,
    store: Store,
    somebody: Callable[..., Somebody],
    tmp_path_factory: pytest.TempPathFactory,
    inside: bool,
) -> None:
    one = somebody("admin")
    fingerprint = seen(one)
    elsewhere = (store.folder if inside else tmp_path_factory.mktemp("elsewhere")) / "other.toml"
    elsewhere.write_bytes(writable.read_bytes())
    writable.unlink()
    writable.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    assert one.post("/setup/ownership", {**ENTRY, "seen": fingerprint}).status_code == 422
    assert elsewhere.read_bytes() == before
    assert writable.is_symlink()


def test_without_a_file_nothing_is_written(store: Store, somebody: Callable[..., Somebody]) -> None:
    before = Path(store.config).read_bytes()
    answer = somebody("admin").post("/setup/ownership", {**ENTRY, "seen": ""})
    assert answer.status_code == 422
    assert Path(store.config).read_bytes() == before


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("/setup/try", "viewer"),
        ("/setup/ownership/try", "viewer"),
        ("/setup/logo", "analyst"),
        ("/setup/silences", "analyst"),
        ("/setup/silences/1/end", "analyst"),
        ("/setup/ownership", "admin"),
    ],
)
@pytest.mark.parametrize("role", ["viewer", "analyst", "approver", "admin"])
def test_who_may(somebody: Callable[..., Somebody], path: str, least: Role, role: Role) -> None:
    order = ["viewer", "analyst", "approver", "admin"]
    status = somebody(role).post(path).status_code
    assert (status == 403) == (order.index(role) < order.index(least)), status


def test_what_needs_mending_is_listed(
    configured: Callable[[str], None], store: Store, request: pytest.FixtureRequest
) -> None:
    configured(
        '[[brand]]\nkey = "hd"\nname = "HD"\nlogos = ["nowhere.png"]\n'
        '[[source]]\nkey = "ads"\nkind = "feed"\nurls = ["https://feed.example/t.csv?token=secret-value"]\n'
        '[[receiver]]\nkey = "chat"\nchannel = "slack"\nurl = "env:MEKIKI_NO_SUCH_THING"\n'
    )
    somebody = request.getfixturevalue("somebody")
    page = english(somebody("viewer")).get("/setup/check").text
    result = CliRunner().invoke(main, ["config", "check", "-c", str(store.config)])
    assert "receiver[0].url" in page
    assert "MEKIKI_NO_SUCH_THING" in page
    assert "nowhere.png" in page
    assert "is met by chance" in page
    assert "looks like a secret" in page
    assert "secret-value" not in page
    for words in ("MEKIKI_NO_SUCH_THING", "nowhere.png", "is met by chance", "looks like a secret"):
        assert words in result.stderr


def test_another_language_is_chosen_behind_a_form_too(somebody: Callable[..., Somebody]) -> None:
    one = somebody("viewer")
    for path in ("/setup/try", "/setup/ownership/try"):
        answer = one.post("/language", {"language": "ja", "back": path})
        assert one.get(answer.headers["location"]).status_code == 200


def test_pages_of_the_setup_need_no_script(somebody: Callable[..., Somebody], board: Board) -> None:
    one = somebody("admin")
    for path in ("/setup", "/setup/logo", "/setup/silences", "/setup/ownership", "/setup/check"):
        page = one.get(path).text
        assert "style=" not in page
        assert not re.search(r"\son\w+=", page)
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", page, re.DOTALL):
            assert 'name="token"' in form
