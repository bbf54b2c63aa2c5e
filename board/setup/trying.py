"""Try a text, a URL or a host against the brands: what would be said of it, why, and what would have changed it.

GET  /setup         the form
POST /setup/try     text; judges it, fetches nothing, reads no file, writes nothing
"""

from dataclasses import dataclass

from starlette.responses import Response

from alerts.signal_words import JAPANESE
from board.case.evidence import Reason, reasons_of, sentence_of
from board.paper import page
from board.refused import told_in
from board.setup.profiled import judged, profiles
from board.ways import Asked
from desk.explained import Registered, today
from desk.marked import Piece, pieces
from desk.policies import policy_in_use
from desk.scan import ScanError, typed
from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.evidence import TextSpan
from detector.items import Item
from detector.policy import Policy, PolicyError
from detector.replay import Replay, replay
from detector.signals import SIGNALS
from detector.verdict import Verdict

MOST = 20_000  # characters that are judged
MOST_SHOWN = 1200  # of them that are shown again
MOST_ABSENT = 8  # absent signals shown
SAYS = {signal.name: signal.says for signal in SIGNALS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What would be said of it for one brand."""

    verdict: Verdict
    brand: str  # its name
    reasons: tuple[Reason, ...]
    text: tuple[Piece, ...]  # the matches apart
    replay: Replay
    registered: tuple[Registered, ...]  # what it would be, were its host registered


def setup(asked: Asked) -> Response:
    """Show the form."""
    return _page(asked)


def attempt(asked: Asked) -> Response:
    """Judge what was typed, and show why."""
    text = asked.text("text", most=MOST)
    try:
        item = typed(text).item
        policy = policy_in_use(asked.board.config)
    except (ScanError, PolicyError) as error:
        return _page(asked, text=text, problem=told_in(asked.words.language, str(error)), status=422)
    known = profiles(asked.board)
    if known is None:
        return _page(asked, text=text, problem=asked.words("setup.making"), status=503)
    brands = judged(asked.board, known)
    on = asked.now.astimezone(asked.board.zone).date()
    found = [_tried(item, one, brands, policy, asked) for one in Assessor(brands, policy).assess(item, on=on)]
    return _page(asked, text=text, item=item, tried=sorted(found, key=lambda one: -one.verdict.score))


def _tried(item: Item, verdict: Verdict, brands: tuple[BrandProfile, ...], policy: Policy, asked: Asked) -> Tried:
    on = asked.now.astimezone(asked.board.zone).date()
    spans = [one.where.span for one in verdict.evidence if isinstance(one.where, TextSpan) and one.where.text == 0]
    return Tried(
        verdict=verdict,
        brand=next((brand.name for brand in brands if brand.key == verdict.brand), verdict.brand),
        reasons=tuple(reasons_of(verdict, item, asked)),
        text=tuple(pieces(item.texts[0].text, spans, most=MOST_SHOWN)) if item.texts else (),
        replay=replay(verdict, policy, kind=item.kind),
        registered=today(item, verdict, brands, policy, on=on, pictures={}).registered,
    )


def _page(
    asked: Asked,
    *,
    text: str = "",
    problem: str = "",
    item: Item | None = None,
    tried: list[Tried] | None = None,
    status: int = 200,
) -> Response:
    names = {one.signal: sentence_of(one, asked) for each in tried or () for one in each.verdict.evidence}
    if asked.words.language == "ja":
        names = {**SAYS, **JAPANESE, **names}
    else:
        names = {**SAYS, **names}
    return page(
        asked,
        "setup/try.html.j2",
        status=status,
        here="/setup",
        text=text,
        problem=problem,
        item=item,
        tried=tried,
        names=names,
        most=MOST,
        most_absent=MOST_ABSENT,
    )
