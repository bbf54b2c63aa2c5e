"""Two people at once: what one has written since the other looked is overwritten only on purpose."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from storage.database import transaction
from storage.errors import NoticeConflict
from storage.notice_entries import check_seen, hold_notice
from storage.notice_views import mark_of, open_draft
from storage.notices import history, notices_of, save_draft, set_reference
from storage.views import CaseFilters, save_view, view_before
from tests.storage.examples import MINUTE, NOW
from tests.storage.noticed import a_case, a_content, file, look_up


def both(engine: Engine, first: Callable[[Session], None], second: Callable[[Session], None]) -> None:
    """Begin a second transaction while a first one has written and not yet ended."""
    begun = Event()

    def later() -> None:
        begun.set()
        with transaction(engine) as session:
            second(session)

    thread = Thread(target=later)
    with transaction(engine) as session:
        first(session)
        thread.start()
        assert begun.wait(30)
    thread.join()


def test_a_step_on_what_was_not_seen_is_refused(engine: Engine) -> None:
    number, conflicts = file(engine, a_case(engine)), list[str]()
    with transaction(engine) as session:
        seen = history(session, look_up(engine, number).case_id)[-1].entry

    def note(who: str, theirs: str) -> Callable[[Session], None]:
        def does(session: Session) -> None:
            _, row = hold_notice(session, number)
            try:
                check_seen(session, row, seen)
            except NoticeConflict as error:
                conflicts.append(str(error))
            else:
                set_reference(session, number, theirs, who=who, now=NOW)

        return does

    both(engine, note("aki", "ABC-7"), note("mika", "XYZ"))
    assert conflicts == [f"notice {number} has changed meanwhile (reference by aki); look again"]
    assert look_up(engine, number).their_reference == "ABC-7"


def test_a_draft_on_what_was_not_seen_is_refused(engine: Engine) -> None:
    case, conflicts = a_case(engine), list[str]()
    content = a_content(case)

    def write(who: str, seen: str | None, after: timedelta = timedelta(0)) -> Callable[[Session], None]:
        def does(session: Session) -> None:
            try:
                save_draft(session, content, who=who, now=NOW + after, seen=seen)
            except NoticeConflict as error:
                conflicts.append(str(error))

        return does

    both(engine, write("aki", ""), write("mika", ""))
    assert conflicts == [f"a notice to {content['channel']} was drafted by aki meanwhile; look again"]
    with transaction(engine) as session:
        [made] = notices_of(session, case)
        draft = open_draft([made], made.channel, made.actor, made.subject)
        write("mika", mark_of(draft), MINUTE)(session)
        write("aki", mark_of(draft))(session)  # as before: it was drafted anew
        write("ken", None)(session)  # a command asks nothing
    assert len(conflicts) == 2
    assert look_up(engine, made.id).drafted_by == "ken"


def test_of_two_views_of_one_name_the_second_sees_the_first(engine: Engine) -> None:
    found = list[str | None]()

    def keep(who: str) -> Callable[[Session], None]:
        def does(session: Session) -> None:
            before = view_before(session, "urgent")
            found.append(before.saved_by if before is not None else None)
            if before is None:
                save_view(session, "urgent", CaseFilters(), who=who, now=NOW)

        return does

    both(engine, keep("aki"), keep("mika"))
    assert found == [None, "aki"]
