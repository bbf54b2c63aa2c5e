"""Findings: why a case was judged as it was: what the signals found on its items, each finding once."""

from collections.abc import Iterator

from detector.evidence import Evidence, accusing
from takedown.bundle.dossier import Block, Column, Table
from takedown.bundle.locale import Locale
from takedown.story import Story

MOST_FINDINGS = 60


def findings(story: Story) -> list[tuple[Evidence, int]]:
    """Return every finding with the number of items that show it, the most telling first, what exonerates last."""
    found: dict[tuple[str, str, str], tuple[Evidence, int]] = {}
    for view in story.case.items:
        told = {(one.signal, one.observed, one.expected): one for one in view.verdict.told}
        for key, one in told.items():
            before = found.get(key)
            best = one if before is None or abs(one.weight) > abs(before[0].weight) else before[0]
            found[key] = (best, 1 + (before[1] if before else 0))
    return sorted(found.values(), key=lambda pair: (*accusing(pair[0]), pair[0].signal, pair[0].observed))


def findings_table(story: Story, locale: Locale) -> Iterator[Block]:
    """Yield the findings as a table."""
    words = locale.words
    all_of_them = findings(story)
    left = len(all_of_them) - MOST_FINDINGS
    yield Table(
        columns=(
            Column(title=words.says, width=6),
            Column(title=words.observed, width=5),
            Column(title=words.expected, width=4),
            Column(title=words.weight, width=2, number=True),
            Column(title=words.strength, width=2, number=True),
            Column(title=words.count, width=2, number=True),
        ),
        rows=tuple(
            (
                locale.says(one),
                locale.observed(one, 200),
                locale.expected(one),
                f"{one.weight:+.2f}",
                f"{one.strength:.2f}",
                str(count),
            )
            for one, count in all_of_them[:MOST_FINDINGS]
        ),
        note=words.more_signals.format(count=left) if left > 0 else "",
    )


def policies(story: Story) -> str:
    """Return the versions of the rules by which the items were judged."""
    return ", ".join(sorted({view.verdict.policy for view in story.case.items}))
