"""Proofs: the files of a bundle, what stamped them, what is missing, and how anybody checks all that."""

from collections import Counter
from collections.abc import Iterator, Sequence

from takedown.bundle.dossier import Block, Column, Table, Words
from takedown.bundle.gather import Gathered
from takedown.bundle.journeys import Round, untold
from takedown.bundle.locale import Locale
from takedown.story import Story

MOST_FILES = 150
MOST_LINES = 60  # about what could not be seen
_FIRST = (
    "manifest",
    "warc",
    "screenshot",
    "page",
    "stamp",
    "message",
    "content",
    "reply",
    "original",
)  # of most weight


def files(gathered: Gathered, locale: Locale) -> Iterator[Block]:
    """Yield the files that prove something, with their hashes, and the time stamps."""
    words = locale.words
    entries = sorted(
        gathered.contents, key=lambda one: (_FIRST.index(one.role) if one.role in _FIRST else len(_FIRST), one.path)
    )
    left = len(entries) - MOST_FILES
    yield Table(
        columns=(
            Column(title=words.path, width=7, code=True),
            Column(title=words.kind, width=4),
            Column(title=words.bytes, width=2, number=True),
            Column(title=words.digest, width=8, code=True),
        ),
        rows=tuple(
            (one.path, words.roles_of_files.get(one.role, one.role), f"{one.bytes:,}", one.sha256)
            for one in entries[:MOST_FILES]
        ),
        note=words.more_files.format(count=left) if left > 0 else "",
    )
    if gathered.stamps:
        yield Table(
            title=words.stamps,
            columns=(
                Column(title=words.stamped_manifest, width=7, code=True),
                Column(title=words.authority, width=4, code=True),
                Column(title=words.stamped_at, width=3),
                Column(title=words.path, width=5, code=True),
            ),
            rows=tuple(
                (
                    one.manifest,
                    locale.own(one.authority, 120),
                    locale.utc(one.stamped_at) or words.stamp_pending,
                    gathered.contents.path_of(one.token) or "",
                )
                for one in gathered.stamps[:MOST_FILES]
            ),
        )


def unseen(story: Story, gathered: Gathered, rounds: Sequence[Round], locale: Locale) -> Iterator[Block]:
    """Yield what could not be seen and what is missing, a line each; nothing where there is nothing to say."""
    lines = list(_unseen(story, gathered, rounds, locale))
    if lines:
        yield Words(lines=tuple(lines[:MOST_LINES]), tone="warning" if gathered.contents.lost else "plain")


def missing(gathered: Gathered, locale: Locale) -> Iterator[str]:
    """Yield a line for each file that should be here and is not."""
    words = locale.words
    for one in gathered.contents.lost:
        yield words.lost.format(
            role=words.roles_of_files.get(one.role, locale.own(one.role, 40)),
            sha256=locale.text(one.sha256, 64),
            of=locale.own(one.of, 120),
            why=words.lost_why[one.why],
        )


def _unseen(story: Story, gathered: Gathered, rounds: Sequence[Round], locale: Locale) -> Iterator[str]:
    words = locale.words
    yield from missing(gathered, locale)
    if len(story.case.items) and gathered.item_count > gathered.items:
        yield words.cut_items.format(all=gathered.item_count, count=gathered.items)
    if gathered.visits_cut:
        yield words.cut_visits.format(count=len(gathered.visits))
    if not rounds:
        yield words.none_followed
    for visit in untold([visit for one in rounds for visit in one.visits]):
        why = locale.journey(visit.says)
        yield words.could_not_tell.format(visitor=locale.visitor(visit), at=locale.utc(visit.started_at), why=why)
    for link in dict.fromkeys(one.link for one in rounds):
        followed = {visit.visitor: visit for one in rounds if one.link == link for visit in one.visits}
        if len(followed) == 1:
            [visit] = followed.values()
            yield words.only_view.format(link=locale.url(link, 120), visitor=locale.visitor(visit))
    if any(not view.item.links and view.item.kind not in ("page", "domain") for view in story.case.items):
        yield words.no_link
    if story.case.judged_at is None:
        yield words.not_judged_yet
    waiting = Counter((one.authority, one.problem or "") for one in gathered.stamps if one.stamped_at is None)
    for (authority, problem), count in waiting.items():
        form = words.pending_one if count == 1 else words.pending
        why = f" ({locale.text(problem, 120)})" if problem else ""
        yield form.format(count=count, authority=locale.own(authority, 120), problem=why)
    if not gathered.stamps:
        yield words.no_authority


def checking(gathered: Gathered, locale: Locale) -> Iterator[Block]:
    """Yield how to check the bundle."""
    yield Words(lines=(*locale.words.check_lines, locale.words.check_custody.format(head=gathered.head)))
