"""Texts: what a message says in one service's dialect, part by part; a channel puts the parts into its form.

headline   one line
lead       which case, how sure, and why the message comes now
why        the strongest reasons, one line each
items      where it was seen, a few lines each
digest     cases of a digest, a few lines each
next       what to do
footer     when, and what to beware of
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from alerts.dialect import Dialect, Marked
from alerts.message import Alert, AlertItem
from alerts.templating import Templates
from alerts.wording import digest_facts, digest_line, headline, moment, occasion, says, seen, standing, words_of

REASONS = 3  # that a chat names; the case has them all
SHIPPED = Templates()


class Texts:
    """One alert, told in one dialect."""

    def __init__(self, alert: Alert, dialect: Dialect, templates: Templates = SHIPPED) -> None:
        self.alert = alert
        self.dialect = dialect
        self.words = words_of(alert)
        self._templates = templates
        self._values = values_of(alert, dialect)
        self._problems: list[str] = []

    def as_shipped(self, why: str) -> "Texts":
        """Return the same message in the shipped words, the team's own being told to fail for this reason."""
        self._problems.append(f"own templates {why}; the shipped ones were used")
        return Texts(self.alert, self.dialect)

    @property
    def problem(self) -> str | None:
        """What went wrong with a team's own templates so far."""
        return "; ".join(dict.fromkeys(self._problems)) or None

    @property
    def headline(self) -> Marked:
        """What it is about, in one line."""
        return Marked(" ".join(self._lines("chat/headline.txt")))

    @property
    def lead(self) -> tuple[Marked, ...]:
        """Which case, how sure, why now."""
        return self._lines("chat/lead.txt")

    @property
    def why(self) -> tuple[Marked, ...]:
        """The strongest reasons; what speaks against is in the case."""
        weighty = [entry for entry in self.alert.evidence if entry.weight > 0][:REASONS]
        return tuple(Marked(" ".join(self._lines("chat/why.txt", entry=entry))) for entry in weighty)

    @property
    def reasons(self) -> list[str]:
        """`why`, numbered."""
        return [f"{number}. {reason}" for number, reason in enumerate(self.why, 1)]

    def items(self, most: int) -> tuple[tuple[Marked, ...], ...]:
        """The items that matter most."""
        return tuple(self._lines("chat/item.txt", item=item) for item in self._shown()[:most])

    def digest(self, most: int) -> tuple[tuple[Marked, ...], ...]:
        """The cases of a digest that matter most."""
        return tuple(self._lines("chat/digest.txt", line=line) for line in self.alert.digest[:most])

    def left_out(self, shown: int) -> Marked | None:
        """Say how much a message of so many items or cases leaves out."""
        if self.alert.reason == "digest":
            rest, form = self.alert.digest_total - shown, self.words.digest_more
        else:
            rest = (self.alert.case.items if self.alert.case else 0) - shown
            form = self.words.more_items_one if rest == 1 else self.words.more_items
        return self.dialect.plain(form.format(count=rest)) if rest > 0 else None

    @property
    def next(self) -> tuple[Marked, ...]:
        """What to do."""
        return self._lines("chat/next.txt") if self.alert.next else ()

    @property
    def footer(self) -> Marked:
        """When it was written, and what to beware of."""
        return Marked(" ".join(self._lines("chat/footer.txt")))

    def render(self, name: str, **values: Any) -> str:
        """Write a whole template."""
        return self._templates.render(
            name, self.alert.language, self.dialect, {**self._values, **values}, self._problems
        )

    def _lines(self, name: str, **values: Any) -> tuple[Marked, ...]:
        return tuple(Marked(line.rstrip()) for line in self.render(name, **values).split("\n") if line.strip())

    def _shown(self) -> tuple[AlertItem, ...]:
        items: tuple[AlertItem, ...] = self._values["alert"].items
        return items


def values_of(alert: Alert, dialect: Dialect) -> Mapping[str, Any]:
    """Return what every template knows. Live links are withheld: a message is read by people."""
    words = words_of(alert)
    case = alert.case
    return {
        "alert": dataclasses.replace(alert, items=tuple(map(_without_live_links, alert.items))),
        "case": case,
        "reason": alert.reason,
        "words": words,
        "headline": headline(alert),
        "occasion": occasion(alert),
        "standing": standing(alert),
        "decision": words.decisions.get(case.decision, case.decision) if case else "",
        "score": f"{case.score:.2f}" if case else "",
        "more_items": case.items - len(alert.items) if case else 0,
        "more_evidence": alert.evidence_total - len(alert.evidence),
        "says": lambda entry: says(alert, entry),
        "seen": lambda item: seen(alert, item),
        "digest_line": lambda line: digest_line(alert, line),
        "digest_facts": lambda line: digest_facts(alert, line),
        "moment": moment,
        "bold": dialect.bold,
        "code": dialect.code,
        "quote": dialect.quote,
    }


def _without_live_links(item: AlertItem) -> AlertItem:
    return dataclasses.replace(item, links=tuple(dataclasses.replace(link, exact=None) for link in item.links))


def fit_lines(lines: Iterable[str], limit: int, size: Any = len) -> list[str]:
    """Return the first lines that fit into `limit`, line breaks counted; what is left out is marked by a last `…`."""
    shown: list[str] = []
    room = limit
    for line in lines:
        room -= size(line) + 1
        if room < 2:
            return [*shown, "…"]
        shown.append(line)
    return shown
