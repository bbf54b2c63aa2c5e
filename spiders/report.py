"""What a crawl reports: `Progress` now and then, one `SourceReport` per source at the end, all in a `CrawlReport`.

`Tally` counts while a source runs. Whatever it shows may come from a hostile page, so every line passes `screen`.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from detector.items import Item
from detector.verdict import Verdict
from safety.screen import screen
from safety.secret import redact
from storage.schema import RunOutcome

_FIELDS = ("url", "advertiser", "links", "display_url", "images", "videos", "first_shown", "publisher_url")
LINES = 40  # problem lines kept for each source; the rest is counted
LINE_CHARACTERS = 400

# Error classes by which a site tells us to stay away.
_TURNED_AWAY = frozenset({"robots", "http_401", "http_403", "http_429", "http_451", "rate_limited", "blocked"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where one source stands."""

    source: str
    items: int
    flagged: int
    errors: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How one source went."""

    key: str
    outcome: RunOutcome
    run: int | None = None  # its number in the database; None in a dry run
    requests: int = 0
    items: int = 0  # items seen, known ones included
    new: int = 0
    changed: int = 0
    flagged: int = 0
    opened: tuple[int, ...] = ()  # ids of the cases that it opened
    pictures: int = 0
    unchanged: int = 0  # answers 304
    filled: Mapping[str, int] = field(default_factory=dict)  # Item field, or role of a text -> items that had it
    errors: Mapping[str, int] = field(default_factory=dict)  # class -> count
    problems: tuple[str, ...] = ()  # one line each, screened; the last one says how many were left out
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport:
    """How all chosen sources went."""

    sources: tuple[SourceReport, ...]
    flagged: tuple[tuple[Item, Verdict], ...] = ()  # only after a dry run


class Tally:
    """The running counts of one source."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.run: int | None = None  # its number in the database, once it has begun
        self.requests = 0
        self.items = 0
        self.new = 0
        self.changed = 0
        self.flagged = 0
        self.opened: list[int] = []
        self.pictures = 0
        self.unchanged = 0
        self.errors: Counter[str] = Counter()
        self.filled: Counter[str] = Counter()  # Item field, or role of a text -> items that had it
        self.canary = 0  # planted items that were stored
        self.stopped = False  # ended before the source was read to its end
        self._lines: list[str] = []
        self._total = 0
        self._began = time.monotonic()

    def saw(self, item: Item) -> None:
        """Count which fields an item has: a field that falls silent tells of a source that has changed."""
        self.filled.update(name for name in _FIELDS if getattr(item, name))
        self.filled.update({text.role for text in item.texts})

    def problem(self, kind: str, line: str, *, count: int = 1) -> None:
        """Count `count` errors of a class and keep one line that says what happened."""
        self.errors[kind] += count
        self.note(line)

    def note(self, line: str) -> None:
        """Keep a line that is no error."""
        self._total += 1
        if len(self._lines) < LINES:
            self._lines.append(screen(redact(line), limit=LINE_CHARACTERS))

    def progress(self) -> Progress:
        """Return the counts as they stand."""
        return Progress(
            source=self.key,
            items=self.items,
            flagged=self.flagged,
            errors=self.errors.total(),
            requests=self.requests,
        )

    def outcome(self) -> RunOutcome:
        """Name the result: nothing went wrong, some did, the site turned us away, or nothing was read at all."""
        if (self.items or self.unchanged) and not self.stopped and set(self.errors) <= {"robots"}:
            return "ok"  # pages that robots.txt keeps from us are no fault while others are read
        if not self.errors and not self.stopped:
            return "ok"
        if self.items or self.unchanged or not self.errors:
            return "partial"
        return "blocked" if set(self.errors) <= _TURNED_AWAY else "failed"

    def report(self) -> SourceReport:
        """Return the final report."""
        hidden = self._total - len(self._lines)
        more = (f"… and {hidden} more, {self._total} in all",) if hidden else ()
        return SourceReport(
            key=self.key,
            outcome=self.outcome(),
            run=self.run,
            requests=self.requests,
            items=self.items,
            new=self.new,
            changed=self.changed,
            flagged=self.flagged,
            opened=tuple(self.opened),
            pictures=self.pictures,
            unchanged=self.unchanged,
            filled=dict(sorted(self.filled.items())),
            errors=dict(sorted(self.errors.items())),
            problems=(*self._lines, *more),
            seconds=time.monotonic() - self._began,
        )
