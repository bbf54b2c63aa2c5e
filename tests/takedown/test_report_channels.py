"""What a report says of those who were asked to take things down."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from desk.reports.document import document
from desk.reports.period import Period
from desk.reports.report import make_report
from desk.reports.sections import SECTIONS
from desk.reports.text import report_csv, report_markdown
from desk.reports.words import Language, words
from storage.database import snapshot, transaction
from storage.notices import set_state
from tests.storage.examples import NOW
from tests.storage.noticed import WEEK, a_case, file
from tests.takedown.stage import Stage


def written(engine: Engine, language: Language, first: date, brand: str | None = None) -> tuple[str, str]:
    """Return a report of a week as Markdown and as CSV."""
    now = datetime(2026, 12, 30, tzinfo=UTC)
    period = Period(first=first, last=first + timedelta(days=6), zone=ZoneInfo("Asia/Tokyo"), now=now)
    with snapshot(engine) as session:
        report = make_report(session, period, brand=brand, names={"hoshino": "星野電機"}, healths=())
    made = document(report, words(language), SECTIONS)
    return report_markdown(made), report_csv(made, words(language))


def test_channels_are_told_with_of_how_many_each_figure_is(stage: Stage) -> None:
    engine = stage.engine
    case = a_case(engine, 9, host="hoshino-outlet3.test")
    numbers = [file(engine, case, channel="meta-brand-rights", subject=str(number)) for number in range(3)]
    with transaction(engine) as session:
        set_state(session, numbers[0], "down", who="aki", now=NOW + timedelta(days=4), due=WEEK)
        later = NOW + timedelta(days=2)
        set_state(session, numbers[1], "refused", who="aki", now=later, due=WEEK, note="no")
    english, figures = written(engine, "en", date(2026, 11, 20))
    assert (
        "| meta-brand-rights | 3 | 1 | 2.0 (90 %: 2.0) | 1 | 0 | 4.0 (90 %: 4.0) | 50% (1 of 2) | 0% (0 of 1) |"
        in english
    )
    assert f"meta-brand-rights,Days until gone,{4 * 86400},s" in figures
    assert "2件中1件" in written(engine, "ja", date(2026, 11, 20))[0]
    assert "No notice was filed in this period." in written(engine, "en", date(2026, 12, 1))[0]
    assert "meta-brand-rights" not in written(engine, "en", date(2026, 11, 20), brand="other")[0]
