"""Cards: a case as the wall shows it: its picture with the match or what stands for one, why, and what may be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from alerts.signal_words import JAPANESE
from board.ways import MOST_PATH, Asked
from desk.acts import fitting
from desk.inert import URL_LIMIT
from desk.marked import Piece, pieces
from desk.motif import Box, evidence_in, pictures_by_weight
from detector.evidence import Evidence, ImageBox, TextSpan
from detector.items import Item
from storage.actions import WAITING
from storage.case_cards import CaseCard
from storage.case_locks import MACHINE
from storage.case_views import CaseSummary, LogEntry, PictureView
from takedown.translation import observed_in

MOST_TEXTS, MOST_WORDS = 3, 90  # texts that stand for a picture, and characters of each
MOST_BOXES = 12
MOST_LINE, MOST_ORDER = 500, 20  # characters of what chooses a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One case on the wall."""

    case: CaseSummary
    address: str  # of its page, which knows the list
    kind: str
    platform: str | None
    advertiser: str | None
    sources: tuple[str, ...]
    picture: PictureView | None  # where there is none, `host` or `words` stand for it
    boxes: tuple[Box, ...]  # of the evidence in the picture, in pixels of the original
    host: str  # of a page or a domain, hostile as it is
    words: tuple[tuple[Piece, ...], ...]  # of its texts, the matches apart
    says: str  # the reason in a sentence of ours; "" where there is none
    seen: str  # what was observed, hostile as it is
    keys: str  # of the acts that make sense and that the person may
    age: timedelta
    overdue: bool
    change: LogEntry | None = None  # what another person did since it was looked at


def card_of(card: CaseCard, asked: Asked, change: LogEntry | None = None) -> Card:
    """Return a case as the wall shows it to a person."""
    case, item = card.case, card.item
    shown = pictures_by_weight(card)
    picture = shown[0] if shown else None
    evidence = evidence_in(card, picture) if picture is not None else ()
    reason = case.top_evidence
    return Card(
        case=case,
        address=case_address(case.id, *_list_of(asked)),
        kind=item.kind,
        platform=item.platform,
        advertiser=item.advertiser.name if item.advertiser else None,
        sources=card.sources,
        picture=picture,
        boxes=tuple(one.where.box for one in evidence if isinstance(one.where, ImageBox))[:MOST_BOXES],
        host=_host(item) if picture is None and item.kind in ("page", "domain") else "",
        words=_words(card) if picture is None and item.kind not in ("page", "domain") else (),
        says=sentence_of(reason, asked) if reason is not None else "",
        seen=observed_in(asked.words.language, reason) if reason is not None else "",
        keys=keys_for(case, asked),
        age=asked.now - case.opened_at,
        overdue=case.due_at is not None and case.due_at <= asked.now and case.state in WAITING,
        change=change if change is not None and change.who not in (MACHINE, asked.person.login) else None,
    )


def case_address(case_id: int, line: str = "", order: str = "") -> str:
    """Return the address of a case's page, in the list of a line and an order: so it knows what stands beside it."""
    words = {"in": line, "order": "" if order == "priority" else order}
    said = urlencode({name: value for name, value in words.items() if value}, errors="replace")
    return f"/case/{case_id}?{said}" if said else f"/case/{case_id}"


def _list_of(asked: Asked) -> tuple[str, str]:
    """Return line and order of the list that is asked for, or that a judgement goes back to."""
    if asked.request.method == "GET":
        words = dict(asked.query)
    else:
        words = dict(parse_qsl(urlsplit(asked.text("back", most=MOST_PATH)).query))
    return words.get("q", "")[:MOST_LINE].strip(), words.get("order", "")[:MOST_ORDER]


def sentence_of(evidence: Evidence, asked: Asked) -> str:
    """Return what a signal says, in the person's language."""
    return (JAPANESE.get(evidence.signal) if asked.words.language == "ja" else None) or evidence.says


def keys_for(case: CaseSummary, asked: Asked) -> str:
    """Return the keys of the acts that make sense for a case and that the person may do."""
    if not asked.may("analyst"):
        return ""
    acts = fitting(case.state, "asked" if case.takedown_asked else "none")
    return "".join(act.key for act in acts if act.action != "approve" or asked.may("approver"))


def _host(item: Item) -> str:
    url = (item.url or item.display_url or "")[:URL_LIMIT]
    try:
        return urlsplit(url if "://" in url else f"https://{url}").hostname or url
    except ValueError:
        return url


def _words(card: CaseCard) -> tuple[tuple[Piece, ...], ...]:
    """Return the texts that say most, each from its beginning or around its matches."""
    texts = card.item.texts
    spans: dict[int, list[tuple[int, int]]] = {}
    for one in sorted(card.verdict.evidence, key=lambda evidence: -abs(evidence.weight)):
        if isinstance(one.where, TextSpan) and one.where.text < len(texts):
            spans.setdefault(one.where.text, []).append(one.where.span)
    chosen = list(dict.fromkeys([*spans, *range(min(len(texts), MOST_TEXTS))]))[:MOST_TEXTS]
    found = (tuple(pieces(texts[index].text, spans.get(index, ()), most=MOST_WORDS)) for index in sorted(chosen))
    return tuple(words for words in found if words)


def cards_of(cards: Sequence[CaseCard], asked: Asked) -> list[Card]:
    """Return cases as the wall shows them to a person."""
    return [card_of(card, asked) for card in cards]
