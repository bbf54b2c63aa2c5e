"""What `mekiki evaluate` shows: quality as a whole, by brand, source and class, and what was judged wrongly."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from console.evidence_base import Known
from console.show import DECISION_STYLE, described
from desk.counted import counted
from detector.measures import Quality, Share, by, quality
from safety.screen import screen

JUDGED_ONLY = (
    "Only flagged items are judged: recall is unknown, and what was missed is not in here. "
    "`mekiki evaluate FILE` on labelled items measures it."
)


def report(known: Sequence[Known], *, judgements: bool) -> dict[str, Any]:
    """Return everything that is measured, for `--json`."""
    answers = [one.answer for one in known]
    return {
        "on": "judgements" if judgements else "labels",
        "recall_known": not judgements,
        "policies": sorted({one.verdict.policy for one in known if one.verdict}),
        "all": msgspec.to_builtins(quality(answers)),
        "by_brand": msgspec.to_builtins(by(answers, lambda one: one.brand)),
        "by_source": msgspec.to_builtins(by(answers, lambda one: one.source)),
        "by_class": msgspec.to_builtins(by(answers, lambda one: one.kind)),
        "found_for_another_brand": found_elsewhere(known),
    }


def found_elsewhere(known: Sequence[Known]) -> int:
    """Return how many frauds were flagged, but for another brand than the label names."""
    return sum(
        bool(one.fraud and one.verdict and one.verdict.flagged and one.verdict.brand != one.brand) for one in known
    )


def tables(known: Sequence[Known], *, judgements: bool) -> Iterator[RenderableType]:
    """Yield the report for people."""
    answers = [one.answer for one in known]
    whole = quality(answers)
    versions = ", ".join(sorted({one.verdict.policy for one in known if one.verdict})) or "-"
    yield Text(f"{whole.count} judged, {whole.frauds} of them fraud, policy {screen(versions, limit=200)}", "bold")
    if judgements:
        yield Text(JUDGED_ONLY, "yellow")
    elif elsewhere := found_elsewhere(known):
        yield Text(
            f"flagged for another brand than the label names, and counted as found: {counted(elsewhere, 'fraud')}"
        )
    yield Text()
    yield _overview({"all": whole}, judgements, "")
    for name, groups in (
        ("brand", by(answers, lambda one: one.brand)),
        ("source", by(answers, lambda one: one.source)),
    ):
        yield Text()
        yield _overview(groups, judgements, name)
    yield Text()
    yield _classes(known, judgements)
    yield Text()
    yield Text(
        f"Brier score {_number(whole.brier)}, log loss {_number(whole.log_loss)}, expected calibration error "
        f"{_number(whole.calibration_error)}, area under the ROC curve {_number(whole.auc)}; "
        "an item without a verdict scores 0"
    )


def _overview(groups: Mapping[str, Quality], judgements: bool, name: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(name, overflow="fold")
    recall = "recall of judged" if judgements else "recall"
    for column in ("judged", "fraud", "precision", recall, "F1", "false alarms"):
        table.add_column(column, justify="right")
    for group, one in groups.items():
        unknown = judgements and one.precision.of == one.count  # as stored: all that was judged had been flagged
        table.add_row(
            Text(screen(group, limit=60)),
            str(one.count),
            str(one.frauds),
            in_words(one.precision),
            "unknown" if unknown else in_words(one.recall),
            "unknown" if unknown else _number(one.f1),
            "unknown" if unknown else in_words(one.false_alarms),
        )
    return table


def _classes(known: Sequence[Known], judgements: bool) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("judged as" if judgements else "class", overflow="fold")
    for column in ("count", "flagged", "should be", "mean score"):
        table.add_column(column, justify="right")
    for kind, one in by([one.answer for one in known], lambda one: one.kind).items():
        flagged = one.recall.part + one.false_alarms.part
        scores = [other.answer.score for other in known if other.kind == kind]
        rate = one.recall if one.frauds == one.count else one.false_alarms
        table.add_row(
            Text(screen(kind, limit=40)),
            str(one.count),
            in_words(rate) if one.frauds in (0, one.count) else str(flagged),
            "all" if one.frauds == one.count else "none" if not one.frauds else str(one.frauds),
            f"{sum(scores) / len(scores):.2f}",
        )
    return table


def misses(known: Sequence[Known], limit: int) -> Iterator[RenderableType]:
    """Yield what was judged wrongly, the worst first, with its evidence."""
    wrong = [one for one in known if one.answer.flagged != one.fraud]
    wrong.sort(key=lambda one: -abs(one.answer.score - one.fraud))
    yield Text(f"\n{len(wrong)} judged wrongly" + (f", the worst {limit}:" if len(wrong) > limit else ":"), "bold")
    for one in wrong[:limit]:
        yield Text()
        what = "missed" if one.fraud else "false alarm"
        yield Text.assemble((what, DECISION_STYLE["impersonation"]), f"  class {screen(one.kind, limit=40)}")
        if one.verdict:
            yield from described(one.item, one.verdict)
        else:
            said = " / ".join(text.text for text in one.item.texts)
            yield Text(
                f"{one.item.kind} {screen(one.item.id, limit=80)}: no sign of a brand in: {screen(said, limit=300)}"
            )


def misses_json(known: Sequence[Known], limit: int) -> list[dict[str, Any]]:
    """Return what was judged wrongly, the worst first."""
    wrong = sorted(
        (one for one in known if one.answer.flagged != one.fraud), key=lambda one: -abs(one.answer.score - one.fraud)
    )
    return [
        {"id": one.item.id, "class": one.kind, "fraud": one.fraud, "verdict": msgspec.to_builtins(one.verdict)}
        for one in wrong[:limit]
    ]


def in_words(share: Share) -> str:
    """Write a share with its interval and its numbers."""
    if share.value is None:
        return "-"
    return f"{share.value:.2f} ({share.low:.2f}-{share.high:.2f}, {share.part}/{share.of})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
