"""What would have changed a score: asked for by itself, because it judges the item again.

    GET /case/{case}/explanation

Brand profiles are made once, in the background, and so is the answer (`board.kept`): until they are there, the page
says so and asks again.
"""

from datetime import timedelta

from starlette.responses import Response

from alerts.signal_words import JAPANESE
from board.board import Board
from board.case.evidence import sentence_of
from board.paper import page
from board.refused import told_in
from board.ways import Asked
from desk.explained import Today, today
from desk.inert import inert
from desk.policies import policy_in_use, policy_of
from detector.policy import PolicyError
from detector.replay import Replay, replay
from detector.signals import SIGNALS
from safety.sandbox import Sandbox
from safety.screen import screen
from storage.case_list import summaries
from storage.database import snapshot
from storage.errors import CaseNotFound
from storage.profiles import Profiles, build_profiles, with_what_was_judged
from storage.verdicts import StoredVerdict, case_verdict

MOST_ABSENT = 12  # absent signals shown
PROFILES_FRESH = timedelta(hours=1)
TODAY_FRESH = timedelta(minutes=5)
PATIENCE = 1.0  # seconds; from then on the page asks again
SAYS = {signal.name: signal.says for signal in SIGNALS}


def explanation(asked: Asked) -> Response:
    """Show what would have changed the score of a case."""
    board, case_id = asked.board, asked.request.path_params["case"]
    with snapshot(board.engine) as session:
        found = summaries(session, [case_id], asked.now)
        if not found:
            raise CaseNotFound(f"there is no case {case_id}")
        stored = case_verdict(session, case_id)
    problem, then = "", None
    try:
        then = replay(stored.verdict, policy_of(stored.verdict.policy, board.config), kind=stored.item.kind)
        now = today_of(board, case_id, stored)
    except (PolicyError, OSError) as error:
        problem, now = inert(told_in(asked.words.language, str(error)), limit=300), None
    return page(
        asked,
        "case/explanation_piece.html.j2" if asked.partial else "case/explanation.html.j2",
        case=found[0],
        problem=problem,
        then=then,
        now=now,
        verdict=stored.verdict,
        names={one.signal: sentence_of(one, asked) for one in stored.verdict.evidence} | _absent(then, asked),
        code=lambda signal: screen(signal, limit=60),
        most_absent=MOST_ABSENT,
        same=_same(stored, now),
    )


def today_of(board: Board, case_id: int, stored: StoredVerdict) -> Today | None:
    """Return what would be said of a case's best item today; None while that is worked out.

    Raises:
        PolicyError, OSError: profiles or policy cannot be read.
    """
    known = board.kept.ask("profiles", lambda: profiles_of(board), fresh=PROFILES_FRESH, patience=PATIENCE)
    if known is None:
        return None
    profiles = known.value

    def make() -> Today:
        with snapshot(board.engine) as session:
            brands = with_what_was_judged(profiles.brands, session)
        policy, on = policy_in_use(board.config), board.now().date()
        return today(stored.item, stored.verdict, brands, policy, on=on, pictures=stored.pictures)

    made = board.kept.ask(("today", case_id, stored.judged_at), make, fresh=TODAY_FRESH, patience=PATIENCE)
    return made.value if made is not None else None


def profiles_of(board: Board) -> Profiles:
    """Make the profiles of all brands; takes its time."""
    with Sandbox(workers=1) as sandbox:
        return build_profiles(board.config, sandbox)


def _absent(then: Replay | None, asked: Asked) -> dict[str, str]:
    """Return what signals say that were not seen."""
    words = JAPANESE if asked.words.language == "ja" else {}
    would = then.would[:MOST_ABSENT] if then is not None else ()
    return {one.signals[0]: words.get(one.signals[0]) or SAYS.get(one.signals[0], one.signals[0]) for one in would}


def _same(stored: StoredVerdict, now: Today | None) -> bool:
    then = stored.verdict
    return (
        now is not None
        and now.verdict is not None
        and (now.verdict.score, now.verdict.decision)
        == (
            then.score,
            then.decision,
        )
    )
