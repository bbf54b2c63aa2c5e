"""Nothing that strangers write reaches a terminal, a list, a file or a script alive (SAFETY.md 39 and 40)."""

import csv
import json
import re
import unicodedata
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from sqlalchemy import Engine

from cli import main
from console.triage.drawing import Easel
from console.triage.fullscreen import FullScreen
from console.triage.screens import Standing
from console.tty import TerminalKeys
from desk.likeness import Likenesses
from desk.sheets import safe
from detector.evidence import Evidence, TextSpan
from detector.items import Advertiser, Item, Text
from detector.verdict import Verdict
from detector.visits import Hop, Landing, Visit
from storage.cases import Judgement, judge
from storage.database import open_engine, transaction, upgrade
from storage.items import Observation, record_many
from storage.media import MediaStore
from storage.views import CaseFilters, save_view
from storage.visits import LinkToVisit, save_visits
from tests.console.conftest import NOW

LIVE = (
    "\u202etxt.exe \u2066hidden\u2069 \x1b[2J\x1b]8;;https://evil.test\x07click\x1b]8;;\x07 \x1b]52;c;aGk=\x07 "
    "zero\u200bwidth\ufeff tag\U000e0041\U000e007f nul\x00 del\x7f c1\x9b31m \r\n=HYPERLINK(1) http://evil.test/x"
)
SHEET = "=cmd|' /C calc'!A0"
SAFE_CONTROLS = re.compile(r"\x1b\[[0-9;]*m")  # colours that are ours
FORMULA = re.compile(r"[\s\"'`\u00a0\u3000]*[=+\-@＝＋－＠﹦﹢﹣﹫−⁼⁺⁻]")


def hostile_item() -> Item:
    text = f"{SHEET} 星野電機 {LIVE}"
    return Item(
        id=text,
        kind="ad",
        platform=text,
        url=f"https://hoshinodenki-sale.test/{LIVE}",
        advertiser=Advertiser(id=f"+{text}", name=f"＝{text}", payer=f"@{text}"),
        texts=(Text(role="title", text=f"-{text}"), Text(role="body", text=f"\t={text}")),
        links=(f"https://hoshinodenki-sale.test/a{LIVE}", f"https://line.me/ti/p/@x{LIVE}"),
        display_url=text,
        images=(f"https://cdn.example/{LIVE}.png",),
        publisher_url=f"https://news.example/{LIVE}",
        first_shown=f"＋{text}",
        last_shown=f"\r={text}",
        seen_at=NOW,
    )


def hostile_verdict(item: Item) -> Verdict:
    evidence = Evidence(
        signal="name.obfuscated",
        weight=3.0,
        strength=1.0,
        observed=f"=1+1 {LIVE}",
        expected=f"@x {LIVE}",
        where=TextSpan(text=0, span=(3, 40)),
        says=f"－{LIVE}",
    )
    return Verdict(id=item.id, brand="hoshino", score=0.97, decision="impersonation", evidence=(evidence,), policy="1")


def hostile_visit(url: str) -> Visit:
    hop = Hop(url=url, how="start", at=NOW, seconds=0.1, status=200, headers=((LIVE, LIVE),), problem=LIVE[:20])
    landing = Landing(title=LIVE, text="0" * 16, shape="0" * 16, length=3, excerpt=LIVE)
    return Visit(
        url=url, visitor="plain", started_at=NOW, hops=(hop,), landing=landing, outcome="offer_seen", says=LIVE
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    upgrade(engine)
    filled(engine)
    engine.dispose()
    file = tmp_path / "mekiki.toml"
    head = '[crawler]\ncontact = "brand@hoshino-denki.example"\n'
    file.write_text(
        f'{head}[[brand]]\nkey = "hoshino"\nname = "星野電機"\ndomains = ["hoshino-denki.example"]\n', "utf-8"
    )
    return file


def filled(engine: Engine) -> None:
    item = hostile_item()
    with transaction(engine) as session:
        record_many(
            session,
            [(Observation(item=item, source="tips", run_id=None, seen_at=NOW), [hostile_verdict(item)])],
            judged_by="f" * 64,
            now=NOW,
            group_wait=timedelta(seconds=1),
            group_interval=timedelta(minutes=5),
        )
        judge(session, 1, Judgement(who=f"mallory{LIVE}", action="note", note=LIVE), now=NOW)
        judge(session, 1, Judgement(who="aya", action="assign", assignee=f"@{LIVE}"), now=NOW)
        save_view(session, "odd", CaseFilters(text=LIVE), who=LIVE, now=NOW)
    with transaction(engine) as session:
        url = item.links[0]
        save_visits(
            session, LinkToVisit(url=url, cases=(1,)), [hostile_visit(url)], who="mekiki", authority=None, now=NOW
        )


def alive(shown: str) -> set[str]:
    """Return the characters of a text that a terminal would act on or that hide something."""
    text = SAFE_CONTROLS.sub("", shown)
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp") and c != "\n"}


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("triage",), "oz?gn1\nq"),
        (("triage", "--json"), "oq"),
        (("triage", "views"), ""),
        (("triage", "--view", "odd", "--save", "again"), "q"),
        (("cases", "list"), ""),
        (("cases", "list", "--json"), ""),
        (("cases", "show", "1"), ""),
        (("cases", "show", "1", "--json"), ""),
        (("cases", "export", "-", "--items"), ""),
        (("cases", "export", "-", "--format", "jsonl", "--items"), ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_no_character_that_acts_or_hides_reaches_standard_output(
    config: Path, arguments: tuple[str, ...], keys: str
) -> None:
    result = CliRunner().invoke(main, [*arguments, "--config", str(config)], input=keys)
    assert result.exit_code == 0, result.output
    shown = result.output.replace("\r\n", "\n")
    assert alive(shown) == set()
    assert "hidden" in shown or "u202e" in shown.lower() or arguments == ("cases", "list")
    if "--json" not in arguments and "jsonl" not in arguments:
        assert "http://evil" not in shown
        assert "https://" not in shown


def test_what_a_colleague_chose_cases_by_does_nothing_to_a_whole_terminal(tmp_path: Path) -> None:
    out, media = StringIO(), MediaStore(tmp_path)
    console = Console(file=out, width=200, height=30, force_terminal=True, color_system=None)
    standing = Standing(acts=(), marked=False, marks=0, judged=0, an_hour=None, left=3, chosen=f"text:'{LIVE}'")
    with Likenesses((), media) as likenesses:
        easel = Easel(media, likenesses, "none")
        FullScreen(console, out, TerminalKeys(0, 1), media, easel, asked="none", environment={}).over(standing)
    drawn = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]|\r", "", out.getvalue())
    assert "hidden" in drawn
    assert alive(drawn) == set()
    assert "evil.test" not in drawn


@pytest.mark.parametrize("items", [False, True], ids=["cases", "items"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_cell_of_a_csv_begins_a_formula(config: Path, tmp_path: Path, items: bool, language: str) -> None:
    out = tmp_path / "out.csv"
    arguments = ["cases", "export", str(out), "--language", language, "--config", str(config)]
    assert CliRunner().invoke(main, [*arguments, *(["--items"] if items else [])]).exit_code == 0
    text = out.read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text, newline="")))
    assert len(rows) == 2
    assert len(set(map(len, rows))) == 1
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if FORMULA.match(cell) and not cell.startswith("'")] == []
    assert any(cell.startswith("'") for cell in cells)  # there was something to guard
    assert alive(text.replace("\r\n", "\n")) == set()
    assert "http://evil" not in text


@pytest.mark.parametrize("items", [False, True], ids=["cases", "items"])
def test_no_cell_of_an_xlsx_is_a_formula_or_a_link(config: Path, tmp_path: Path, items: bool) -> None:
    out = tmp_path / "out.xlsx"
    arguments = ["cases", "export", str(out), "--language", "ja", "--config", str(config)]
    assert CliRunner().invoke(main, [*arguments, *(["--items"] if items else [])]).exit_code == 0
    with zipfile.ZipFile(out) as book:
        assert not [name for name in book.namelist() if "externalLink" in name or "vba" in name]
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        parts = "".join(book.read(name).decode() for name in book.namelist() if name.endswith((".xml", ".rels")))
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert "relationships/hyperlink" not in parts
    texts = re.findall(r"<t[^>]*>(.*?)</t>", sheet, re.DOTALL)
    assert len(texts) > 10
    assert [text for text in texts if FORMULA.match(text.replace("&apos;", "'")) and text[:1] != "'"] == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "−", "⁼", "|"])
@pytest.mark.parametrize("before", ["", " ", "\u3000", "\u00a0", '"', "'", " \"' "])
def test_a_formula_becomes_text_whatever_stands_before_it(start: str, before: str) -> None:
    assert safe(f"{before}{start}1+1").startswith("'")


@pytest.mark.parametrize("between", ["", " ", '"', "\u3000'"])
@pytest.mark.parametrize("start", "=+-@＝−|")
def test_no_formula_begins_behind_a_semicolon_at_which_some_excels_cut_a_csv(start: str, between: str) -> None:
    behind = safe(f'公式;{between}{start}HYPERLINK("x");z').split(";")[1]
    assert behind.startswith("'")
    assert not FORMULA.fullmatch(safe("a; b;c")[:1])
    assert safe("a; b;c") == "a; b;c"


@pytest.mark.parametrize("text", ["a.bb " * 20_000, "😀" * 40_000, "x" * 40_000], ids=["links", "pairs", "letters"])
def test_a_long_text_is_cut_visibly_to_what_excel_takes(text: str) -> None:
    cell = safe(text)
    assert cell.endswith("…")
    assert 31_000 < len(cell.encode("utf-16-le")) // 2 <= 32_767


@pytest.mark.parametrize("text", ["", "星野電機", "80%OFF", "a=b", "3-4", "\t=1", "\r=1", "\n=1", "\u200b=1", "\x00=1"])
def test_other_text_stays_and_what_is_invisible_is_written_out(text: str) -> None:
    cell = safe(text)
    assert not FORMULA.match(cell)
    assert alive(cell) == set()
    assert cell == text or not text.isprintable()


def test_json_lines_carry_everything_as_it_was(config: Path) -> None:
    result = CliRunner().invoke(
        main, ["cases", "export", "-", "--format", "jsonl", "--items", "--config", str(config)], catch_exceptions=False
    )
    [row] = [json.loads(line) for line in result.stdout.splitlines()]
    assert row["item"]["item"]["texts"][1]["text"] == f"\t={SHEET} 星野電機 {LIVE}"
    assert row["item"]["item"]["links"][0] == f"https://hoshinodenki-sale.test/a{LIVE}"
