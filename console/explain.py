"""What `mekiki explain` shows: a verdict as a sum, what would have changed it, and what today's judgement is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from console.show import DECISION_STYLE, described, place
from desk.explained import Today
from detector.items import Item
from detector.replay import Outcome, Replay
from detector.signals import SIGNALS
from detector.verdict import Verdict
from safety.screen import defang, defang_text, screen

SAYS: Mapping[str, str] = {signal.name: signal.says for signal in SIGNALS}
MOST_ABSENT = 12  # absent signals shown


def page(found: Replay, item: Item | None, now: Today | None) -> Iterator[RenderableType]:
    """Yield the whole explanation."""
    verdict = found.verdict
    if item is not None:
        yield from described(item, verdict)
        yield Text()
    yield Text.assemble(
        (screen(verdict.id, limit=80), "bold"),
        "  ",
        (verdict.decision, DECISION_STYLE[verdict.decision]),
        f"  score {verdict.score:.6f}  brand {screen(verdict.brand, limit=63)}  "
        f"policy {screen(verdict.policy, limit=64)}",
    )
    if found.differences:
        yield Text("This verdict does not replay:", "bold red")
        for line in found.differences:
            yield Text(f"  {screen(line, limit=300)}")
    else:
        yield Text("Replayed from evidence and policy: the same score, the same decision.", "green")
    yield Text("\nThe sum (log-odds)", "bold")
    yield _sum(found, item)
    yield Text("\nWithout one of them", "bold")
    yield _outcomes(found.without, taken=True)
    yield from _sets(found)
    if found.would:
        yield Text("\nWhat was not seen and would have changed the decision, each alone at full strength", "bold")
        yield _outcomes(found.would[:MOST_ABSENT], taken=False)
    if now is not None:
        yield from _today(verdict, now)


def _sum(found: Replay, item: Item | None) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, show_footer=True)
    table.add_column("weight", f"{found.log_odds:+.4f}", justify="right")
    table.add_column("strength", justify="right")
    table.add_column("signal", f"sum = score {found.score:.6f}", overflow="fold")
    table.add_column("seen", overflow="fold")
    table.add_column("where", overflow="fold")
    table.add_row(f"{found.bias:+.4f}", "", "bias: nothing is known", "", "")
    for one in found.verdict.told:
        table.add_row(
            Text(f"{one.weight:+.4f}", "red" if one.weight > 0 else "green"),
            f"{one.strength:.2f}",
            Text(screen(one.signal, limit=60)),
            Text(defang_text(screen(one.observed, limit=120))),
            Text(place(one, item) if item else "", "dim"),
        )
    return table


def _outcomes(outcomes: Sequence[Outcome], *, taken: bool) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("without" if taken else "with", "weight", "score", "decision"):
        table.add_column(name, justify="right" if name in ("weight", "score") else "left")
    table.add_column("" if taken else "what it says", overflow="fold")
    for one in outcomes:
        says = "" if taken else SAYS.get(one.signals[0], "")
        table.add_row(
            Text(screen(" + ".join(one.signals), limit=160)),
            f"{one.weight:+.2f}",
            f"{one.score:.4f}",
            Text(one.decision, DECISION_STYLE[one.decision]),
            Text(says, "dim"),
        )
    return table


def _sets(found: Replay) -> Iterator[RenderableType]:
    if found.smallest is None:
        yield Text("\nNo evidence alone or together holds the decision up.")
        return
    chosen = [("Fewest signals that the decision hangs on", found.smallest)]
    if found.clearing is not None and found.clearing.signals != found.smallest.signals:
        chosen.append(("Fewest without which it would not be flagged", found.clearing))
    for words, one in chosen:
        signals = screen(" + ".join(one.signals), limit=300)
        yield Text(f"\n{words}: {signals} (then {one.score:.4f} {one.decision})")


def _today(then: Verdict, now: Today) -> Iterator[RenderableType]:
    yield Text("\nToday, with the profiles and the policy in use", "bold")
    if now.verdict is None:
        yield Text("  no sign of the brand: there would be no verdict")
        return
    same = (now.verdict.score, now.verdict.decision) == (then.score, then.decision)
    yield Text.assemble(
        "  ",
        (now.verdict.decision, DECISION_STYLE[now.verdict.decision]),
        f", score {now.verdict.score:.6f}, policy {now.verdict.policy}" + (", the same as then" if same else ""),
    )
    for line in now.changes:
        yield Text(f"  {screen(line, limit=200)}")
    for one in now.registered:
        scope = "domain:" + defang(one.scope.partition(":")[2]) if one.scope.startswith("domain:") else one.scope
        yield Text(f"  were {screen(scope, limit=200)} registered ({one.who}): {one.score:.4f} {one.decision}")


def as_value(found: Replay, item: Item | None, now: Today | None) -> dict[str, Any]:
    """Return the same for `--json`."""
    value: dict[str, Any] = msgspec.to_builtins(found)
    return {
        **value,
        "replays": not found.differences,
        "item": msgspec.to_builtins(item),
        "today": msgspec.to_builtins(now),
    }
