"""The benchmark of notices runs, and its store has something of everything that it asks for."""

from sqlalchemy import Engine

from benchmarks.notices import NOW, YEARS, asked, fill
from storage.database import snapshot
from storage.notice_due import due_notices
from storage.notice_figures import channel_figures


def test_every_question_has_an_answer(engine: Engine) -> None:
    fill(engine, 600)
    with snapshot(engine) as session:
        answers = {name: ask(session) for name, ask in asked(600).items()}
        assert {name for name, answer in answers.items() if not answer} == {"anything to tell"}, "all was told"
        kinds = set(due_notices(session, NOW, approvals=True).counts)
        assert {"back", "information_requested", "refused", "overdue", "approval"} <= kinds
        figures = channel_figures(session, NOW - YEARS, NOW)
        assert any(one.down.count and one.refused.count for one in figures)
