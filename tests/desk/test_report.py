"""The report: its figures against a count by hand, its forms, the command."""

import csv
import io
import json
import re
import stat
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from cli import main
from desk.reports.document import Document, document
from desk.reports.figures import Figures
from desk.reports.html import report_html
from desk.reports.period import Period
from desk.reports.report import Report, make_report
from desk.reports.sections import SECTIONS
from desk.reports.text import report_csv, report_json, report_markdown
from desk.reports.times import Quantile
from desk.reports.words import Language, words
from storage.database import open_engine, snapshot, upgrade
from tests.storage.november import END, HOSTILE, HOUR, NOW, START, at, notice, november, run, visit
from watch.health import Health

NOVEMBER = Period(first=date(2026, 11, 1), last=date(2026, 11, 30), zone=ZoneInfo("Asia/Tokyo"), now=NOW)
LANGUAGES: tuple[Language, ...] = ("en", "ja")
NAMES = {"hoshino": "星野電機"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """November, with runs and visits; only read by the tests."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('november')}/mekiki.db")
    upgrade(engine)
    cases = november(engine)
    for day in (1, 2, 3, 20):
        run(engine, "meta", at(11, day), "ok", items=7)
    run(engine, "meta", at(11, 4), "failed", **{"error.timeout": 3, "error.http_500": 1})
    run(engine, "meta", at(11, 5), "ok")  # it saw nothing
    for hour, outcome in enumerate(("offer_seen", "blocked", "could_not_tell", "gone")):
        visit(engine, cases["A"], at(11, 4, hour), "desk", outcome)
    return engine


def made(engine: Engine, period: Period = NOVEMBER, *healths: Health, brand: str | None = None) -> Report:
    with snapshot(engine) as session:
        return make_report(session, period, brand=brand, names=NAMES, healths=healths)


@pytest.fixture(scope="module")
def report(filled: Engine) -> Report:
    return made(filled)


@pytest.fixture(scope="module")
def figures(report: Report) -> Figures:
    return report.now.figures


def worded(report: Report, language: Language) -> Document:
    return document(report, words(language), SECTIONS)


def exactly(hours: float) -> Quantile:
    return Quantile(seconds=hours * 3600, at_least=False)


def no_less(hours: float) -> Quantile:
    return Quantile(seconds=hours * 3600, at_least=True)


def test_volume_counts_what_happened_in_the_period(report: Report, figures: Figures) -> None:
    volume = figures.volume
    assert (volume.seen, volume.sightings, volume.flagged) == (9, 10, 9)
    assert (volume.opened, volume.judged) == (7, 5)  # A B C D E G I; A B C E F
    assert (volume.confirmed, volume.dismissed) == (3, 2)  # A C F; B E
    assert (volume.takedowns, volume.down, volume.relapsed) == (1, 2, 1)
    assert report.before.figures.volume.opened == 1  # F
    assert report.before.figures.volume.judged == 0


def test_bars_are_the_days_of_the_zone_and_add_up(figures: Figures) -> None:
    assert len(figures.bars) == 30
    third = figures.bars[2]
    assert (third.begins, third.seen, third.flagged, third.judged) == (date(2026, 11, 3), 1, 1, 1)
    assert third.opened["relapsed"] == 1  # where A stood at the end
    for name in ("seen", "flagged", "judged"):
        assert sum(getattr(bar, name) for bar in figures.bars) == getattr(figures.volume, name)
    assert sum(sum(bar.opened.values()) for bar in figures.bars) == figures.volume.opened


def test_what_each_source_flagged_is_counted_by_day(report: Report, figures: Figures) -> None:
    assert [bar.sources for bar in figures.bars[2:4]] == [{"meta": 1}, {"news": 1}]  # A, and its second item
    assert all(sum(bar.sources.values()) == bar.flagged for bar in figures.bars)
    [section] = [one for one in worded(report, "en").sections if one.key == "by_source"]
    rows = {row[0].text: [cell.value for cell in row[1:3]] for row in section.tables[0].rows}
    assert rows == {"meta": [4, 0], "news": [3, 1], "youtube": [2, 0]}  # A B E I; A G J, F before; C D
    assert section.chart is not None
    assert "3 Nov: meta 1" in section.chart


def test_waiting_cases_are_part_of_the_times(figures: Figures) -> None:
    judgement = figures.times["judgement"]
    assert (judgement.reached, judgement.waiting, judgement.ended) == (4, 3, 0)  # A B C E; D G I
    assert judgement.median == exactly(10)  # of 7: after 1, 2, 6, 10 h, and three that wait for longer
    assert judgement.p90 == no_less((END - at(11, 20)) / HOUR)  # as long as D has waited
    alert = figures.times["alert"]
    assert (alert.reached, alert.waiting, alert.ended) == (3, 3, 1)  # A B C; D G I; E was judged before
    assert alert.median == no_less((END - at(11, 20)) / HOUR)


def test_detection_counts_from_when_it_was_shown_else_registered(figures: Figures) -> None:
    detect = figures.times["detect"]
    assert (detect.reached, detect.unknown, detect.waiting) == (3, 4, 0)
    assert (detect.median, detect.p90) == (exactly(24), exactly(96))  # C 1 h, A 24 h, B 96 h after registration


def test_takedowns_are_watched_on_confirmed_cases_only(figures: Figures) -> None:
    notice, reaction, down = (figures.times[name] for name in ("notice", "reaction", "down"))
    assert (notice.reached, notice.waiting, notice.median) == (1, 1, exactly(2))
    assert notice.p90 == no_less((END - at(11, 10, 10)) / HOUR)
    assert (reaction.reached, reaction.waiting, reaction.median) == (1, 0, exactly(44))
    assert (down.reached, down.waiting, down.median) == (1, 1, exactly(48))


def test_how_long_notices_took_counts_from_the_confirmation(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    upgrade(engine)
    cases = november(engine)
    notice(engine, cases["A"], at(11, 3, 5), at(11, 3, 7))
    notice(engine, cases["C"], at(11, 10, 11), None)
    filed = made(engine).now.figures.times["filed"]
    assert (filed.reached, filed.waiting, filed.ended) == (1, 1, 0)  # A; C is a draft still; F was before the month
    assert filed.median == exactly(5)
    assert filed.p90 == no_less((END - at(11, 10, 10)) / HOUR)
    engine.dispose()


def test_precision_counts_cases_and_leaves_doubles_out(figures: Figures) -> None:
    precision = figures.precision
    assert (precision.all.part, precision.all.of) == (3, 4)  # A C F of A B C F
    assert precision.all.low == pytest.approx(0.3006, abs=1e-4)  # Wilson
    assert precision.all.high == pytest.approx(0.9544, abs=1e-4)
    found = {name: (share.part, share.of) for name, share in precision.sources.items()}
    assert found == {"meta": (1, 2), "news": (2, 2), "youtube": (1, 1)}
    assert {name: share.of for name, share in precision.signals.items()} == {"host.lookalike": 4, "name.exact": 4}
    assert precision.reasons == {"reseller": 1}
    assert list(precision.brands) == ["hoshino"]


def test_relapses_are_a_share_of_what_was_down(figures: Figures) -> None:
    assert (figures.relapse.part, figures.relapse.of) == (1, 2)  # A of A and F


def test_carriers_are_those_of_cases_that_nobody_dismissed(figures: Figures) -> None:
    platforms = figures.carriers["platform"].largest
    found = [(one.name, one.items, one.cases, one.confirmed, one.items_confirmed) for one in platforms]
    assert found == [("meta", 6, 5, 2, 2), ("instagram", 1, 1, 1, 1)]
    publishers = figures.carriers["publisher"]
    assert [(one.name, one.items) for one in publishers.largest] == [("news.example", 1)]
    assert publishers.unnamed == 6
    assert figures.carriers["advertiser"].largest[0].items == 2  # A's


def test_messages_sources_and_journeys(report: Report) -> None:
    now = report.now
    assert (now.messages.sent, now.messages.dead, now.messages.pending) == (3, 1, 1)
    [meta] = now.sources
    assert (meta.runs, meta.ok, meta.failed, meta.items) == (6, 5, 1, 28)
    assert meta.errors == {"timeout": 3, "http_500": 1}
    assert meta.longest_gap == at(11, 20) - at(11, 3)  # the run that saw nothing does not end it
    assert (now.sight.visits, now.sight.unseen.part) == (4, 2)


def test_a_configured_source_that_never_ran_is_silent_all_the_time(filled: Engine) -> None:
    period = replace(NOVEMBER, now=END - timedelta(hours=3))
    quiet = Health(source="tips", state="new", says="")
    off = Health(source="old", state="off", says="")
    silent = Health(source="meta", state="silent", says="no item")
    found = made(filled, period, quiet, off, silent)
    assert [(one.source, one.runs) for one in found.now.sources] == [("meta", 6), ("tips", 0)]
    assert found.now.sources[1].longest_gap == period.end - START
    assert found.unwell == (silent,)
    assert made(filled, NOVEMBER, silent).unwell == ()  # how it is today says nothing of a past month


def test_the_same_period_has_the_same_figures_later(filled: Engine, report: Report) -> None:
    later = made(filled, replace(NOVEMBER, now=NOW + timedelta(days=300)))
    assert later.now.figures == report.now.figures


def test_an_empty_store_gives_a_report_that_says_so(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    upgrade(engine)
    empty = made(engine)
    engine.dispose()
    assert empty.before.partial
    for language in LANGUAGES:
        assert words(language)("short.quiet") in report_html(worded(empty, language))
        assert report_markdown(worded(empty, language))


# Forms


class Page(HTMLParser):
    """Notes the elements and attributes of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_one_file_that_runs_and_loads_nothing(report: Report, language: Language) -> None:
    text = report_html(worded(report, language))
    page = Page(text)
    assert not page.tags & {"script", "img", "a", "link", "iframe", "object", "form", "base"}
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("href", "src", "style")]
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text.replace("url(#", "")
    assert (
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    ) in page.attributes
    assert ("lang", language) in page.attributes
    assert text.count('role="img"') == text.count("<desc ") == text.count("</svg>") > 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_are_shown_and_do_nothing(report: Report, language: Language) -> None:
    doc = worded(report, language)
    page, markdown, table = report_html(doc), report_markdown(doc), report_csv(doc, words(language))
    assert "&lt;script&gt;" in page
    for text in (page, markdown, table, report_json(report)):
        assert "\u202e" not in text
    for text in (page, markdown, table):
        assert "https://evil" not in text
        assert "evil.test" not in text
    assert "\\|\\*\\*公式\\*\\*\\<script\\>" in markdown
    rows = [line for line in markdown.splitlines() if "公式" in line and line.startswith("| ")]
    assert rows[0].replace("\\|", "").count("|") == 5  # four columns
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert any("=A(" in cell for cell in cells)
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "@"))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_is_defined_in_the_report_itself(report: Report, language: Language) -> None:
    text = Page(report_html(worded(report, language))).text
    said = words(language)
    for group in ("volume.meanings", "times.meanings"):
        found = [value for key, value in said.messages.items() if key.startswith(f"{group}.")]
        assert found
        assert all(meaning in text for meaning in found)
    for key in ("times.says", "precision.says", "sources.says", "sight.says", "carriers.says"):
        assert said(key) in text


def test_times_are_written_as_people_say_them_and_bounds_as_bounds(report: Report) -> None:
    english, japanese = worded(report, "en"), worded(report, "ja")
    [times] = [section for section in english.sections if section.key == "times"]
    rows = {row[0].text: row for row in times.tables[0].rows}
    assert rows["To judgement"][5].text == "10.0 h"
    assert rows["To the first message"][5].text == "≥ 10.6 days"
    assert (rows["To the first message"][5].unit, rows["To judgement"][5].unit) == ("at least s", "s")
    [times] = [section for section in japanese.sections if section.key == "times"]
    assert times.tables[0].rows[1][5].text == "10.6日以上"
    assert "half of the cases were judged within 10.0 h" in " ".join(english.short).lower()


def test_a_change_of_few_is_told_without_percent() -> None:
    said = words("en")
    found = [said.change(*pair) for pair in ((7, 1), (15, 10), (5, 20), (3, 3))]
    assert found == [
        "+6",
        "+5 (+50%)",
        "−15 (−75%)",
        "±0",
    ]


def test_csv_has_the_figures_as_numbers(report: Report) -> None:
    rows = list(csv.reader(io.StringIO(report_csv(worded(report, "en"), words("en")))))
    assert rows[0] == ["section", "subject", "figure", "value", "unit"]
    assert ["How long it took", "To judgement", "Median", "36000.0", "s"] in rows
    assert ["How much there was", "Cases opened", "This period", "7", ""] in rows
    assert ["How often a flag was right", "All", "Precision", "0.75", "share"] in rows


def test_json_has_the_figures_themselves(report: Report) -> None:
    found = json.loads(report_json(report))
    assert found["now"]["figures"]["volume"]["opened"] == 7
    assert found["now"]["figures"]["times"]["judgement"]["median"] == {"seconds": 36000.0, "at_least": False}
    assert found["now"]["period"]["zone"] == "Asia/Tokyo"
    assert found["now"]["figures"]["carriers"]["advertiser"]["largest"][1]["name"] == HOSTILE


def places(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name}


def test_both_languages_say_the_same() -> None:
    english, japanese = (words(language).messages for language in LANGUAGES)
    assert list(english) == list(japanese)
    assert {key: places(text) for key, text in english.items()} == {key: places(text) for key, text in japanese.items()}


def test_message_files_are_toml_without_doubles() -> None:
    for language in LANGUAGES:
        file = Path(f"desk/reports/messages/report.{language}.toml")
        assert tomllib.loads(file.read_text("utf-8"))


# The command


@pytest.fixture
def config(filled: Engine, tmp_path: Path) -> Path:
    file = tmp_path / "mekiki.toml"
    file.write_text(
        f'[storage]\ndatabase = "{filled.url.render_as_string()}"\n'
        '[crawler]\ncontact = "brand@hoshino-denki.example"\n'
        '[[brand]]\nkey = "hoshino"\nname = "星野電機"\n'
        '[[source]]\nkey = "tips"\nkind = "import"\npath = "tips.csv"\n',
        "utf-8",
    )
    return file


def call(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", "-c", str(config), *arguments])


MONTH = ("--from", "2026-11-01", "--to", "2026-11-30")


def test_the_command_writes_a_file_for_its_owner_only_and_not_over_another(config: Path) -> None:
    out = config.parent / "november.html"
    result = call(config, *MONTH, "--language", "ja", "--brand", "hoshino", "-o", str(out))
    assert result.exit_code == 0, result.output
    assert "星野電機" in out.read_text("utf-8")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    again = call(config, *MONTH, "-o", str(out))
    assert again.exit_code == 1
    assert "--force" in again.output
    assert call(config, *MONTH, "-o", str(out), "--force", "--format", "md").exit_code == 0
    assert out.read_text("utf-8").startswith("# ")


def test_a_link_of_that_name_is_replaced_and_never_written_through(config: Path) -> None:
    other, out = config.parent / "other.txt", config.parent / "november.md"
    other.write_text("mine")
    out.symlink_to(other)
    assert call(config, *MONTH, "-o", str(out)).exit_code == 1
    assert call(config, *MONTH, "-o", str(out), "--force").exit_code == 0
    assert other.read_text() == "mine"
    assert not out.is_symlink()
    assert list(config.parent.glob(".november*")) == []


@pytest.mark.parametrize("text", ["&#x202e;gpj", "&lbrack;x&rpar;"])
def test_markdown_has_no_entities_that_others_chose(report: Report, text: str) -> None:
    doc = replace(worded(report, "en"), subject=text)
    [subject] = re.findall(r"\*\*(.*?)\*\*", report_markdown(doc))[:1]
    assert subject.startswith("\\&")


def test_a_table_for_a_spreadsheet_begins_with_the_mark_that_it_wants(config: Path) -> None:
    out = config.parent / "november.csv"
    assert call(config, *MONTH, "-o", str(out)).exit_code == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbfsection,")


def test_without_anything_it_is_markdown_of_the_last_days(config: Path) -> None:
    result = call(config)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("# Brand impersonation")


def test_days_are_those_of_the_team_unless_others_are_asked_for(config: Path) -> None:
    config.write_text(f'[triage]\nzone = "Europe/Berlin"\n{config.read_text("utf-8")}', "utf-8")
    for options, zone in ((), "Europe/Berlin"), (("--zone", "UTC"), "UTC"):
        written = json.loads(call(config, *MONTH, *options, "--format", "json").stdout)
        assert written["now"]["period"]["zone"] == zone


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--brand", "other"), "there is no brand 'other'; known: hoshino"),
        (("--from", "2026-11-30", "--to", "2026-11-01"), "--from 2026-11-30 is after --to 2026-11-01"),
        (("--from", "9999-11-30"), "is after"),
        (("--from", "9999-11-30", "--to", "9999-12-31"), "is in the future"),
        (("--from", "0001-01-01", "--to", "0001-01-31"), "too early"),
        (("--to", "0001-01-02"), "too early"),
        (("--zone", "Mars/Olympus"), "there is no time zone 'Mars/Olympus'"),
        (("-o", "november.pdf"), "november.pdf: expected a name that ends in"),
    ],
)
def test_what_cannot_be_is_one_line(config: Path, arguments: tuple[str, ...], says: str) -> None:
    result = call(config, *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_a_folder_that_is_not_there_is_a_failure_in_one_line(config: Path) -> None:
    result = call(config, *MONTH, "-o", str(config.parent / "nowhere" / "november.md"))
    assert result.exit_code == 1
    assert "cannot be written: No such file or directory" in result.output
