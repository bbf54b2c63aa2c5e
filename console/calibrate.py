"""What `mekiki calibrate` shows and writes: weights before and after, how both do, a policy file with its origin."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from console.evaluate import in_words
from console.evidence_base import Base
from detector.calibration import Calibrated
from detector.policy import Policy, Rule

# Before the origin that a rule had when it was shipped.
_FITTED = re.compile(r"^fitted on \d+ campaigns, was [-+0-9.e]+ \| ")


def new_version(base: Policy, name: str, on: date, taken: Collection[str]) -> str:
    """Return a version that nobody uses yet, such as `2026.1+hoshino.20261123`."""
    made = f"{base.version.partition('+')[0]}+{name}.{on:%Y%m%d}"
    number = 1
    while (version := made if number == 1 else f"{made}.{number}") in taken:
        number += 1
    return version


def finished(found: Calibrated, base: Policy, version: str, data: Base, on: date) -> Policy:
    """Return the fitted policy under its version, with what it was fitted on."""
    rules = tuple(
        replace(rule, origin=_origin(rule, base.weights[rule.signal], found.seen_in.get(rule.signal, 0)))
        for rule in found.policy.rules
    )
    times = sorted(one.at for one in data.known if one.at)
    fitted: dict[str, Any] = {
        "towards": base.version,
        "on": on.isoformat(),
        "observations": sum(one.verdict is not None for one in data.known),
        "campaigns": found.campaigns,
        "confirmed": found.frauds,
        "pull": found.pull,
        "measured_on": found.held_out,
        "log_loss_before": round(found.before.log_loss or 0.0, 6),
        "log_loss_after": round((found.mapped or found.after).log_loss or 0.0, 6),
        "inputs": [{"name": name, "sha256": digest} for name, digest in data.inputs],
    }
    if times:
        fitted |= {"first": times[0].date().isoformat(), "last": times[-1].date().isoformat()}
    return replace(found.policy, version=version, rules=rules, fitted=fitted)


def _origin(rule: Rule, before: float, seen: int) -> str:
    origin = _FITTED.sub("", rule.origin)
    return origin if rule.weight == before else f"fitted on {seen} campaigns, was {before:g} | {origin}"


def head(policy: Policy) -> str:
    """Return the words at the top of the file."""
    return (
        f"Policy {policy.version}: fitted by `mekiki calibrate` towards policy {policy.fitted['towards']}.\n"
        "Keep this file for as long as its verdicts are to be explained; it is never changed, only followed by another."
    )


def tables(found: Calibrated, base: Policy, current: Policy) -> Iterator[RenderableType]:
    """Yield the report for people."""
    honest = found.campaigns - found.frauds
    yield Text(
        f"{found.campaigns} campaigns ({found.frauds} confirmed, {honest} dismissed), "
        f"pull towards policy {base.version}: {found.pull:g}",
        "bold",
    )
    weights = Table(box=None, header_style="dim", pad_edge=False)
    weights.add_column("signal")
    for name in ("campaigns", "shipped", "in use", "fitted", "change"):
        weights.add_column(name, justify="right")
    for rule in found.policy.rules:
        seen = found.seen_in.get(rule.signal, 0)
        now = current.weights.get(rule.signal, 0.0)
        weights.add_row(rule.signal, str(seen), *_changes(base.weights[rule.signal], now, rule.weight))
    weights.add_row("bias", str(found.campaigns), *_changes(base.bias, current.bias, found.policy.bias))
    yield weights
    yield Text(f"\nMeasured on {found.held_out}, each by its highest score:", "bold")
    measured = Table(box=None, header_style="dim", pad_edge=False)
    measured.add_column("policy")
    for name in ("log loss", "Brier", "calibration error", "precision", "recall of judged"):
        measured.add_column(name, justify="right")
    for name, one in (
        (f"in use ({current.version})", found.before),
        ("fitted weights", found.after),
        ("with its map", found.mapped),
    ):
        if one is not None:
            measured.add_row(
                name, f"{one.log_loss:.3f}", f"{one.brier:.3f}", f"{one.calibration_error:.3f}",
                in_words(one.precision), in_words(one.recall),
            )  # fmt: skip
    yield measured
    yield Text(f"map from sums to scores: {found.about_map}", "dim")


def _changes(shipped: float, now: float, fitted: float) -> tuple[str, str, str, str]:
    change = f"{fitted - now:+.3f}" if abs(fitted - now) > 5e-4 else ""
    return f"{shipped:+.2f}", f"{now:+.3f}", f"{fitted:+.3f}", change


def report(found: Calibrated, base: Policy, current: Policy) -> dict[str, Any]:
    """Return the same for `--json`."""
    return {
        "towards": base.version,
        "in_use": current.version,
        "pull": found.pull,
        "campaigns": found.campaigns,
        "confirmed": found.frauds,
        "better": found.better,
        "measured_on": found.held_out,
        "before": msgspec.to_builtins(found.before),
        "after": msgspec.to_builtins(found.after),
        "mapped": msgspec.to_builtins(found.mapped),
        "map": msgspec.to_builtins(found.policy.map),
        "about_map": found.about_map,
        "bias": {"shipped": base.bias, "in_use": current.bias, "fitted": found.policy.bias},
        "weights": [
            {
                "signal": rule.signal,
                "campaigns": found.seen_in.get(rule.signal, 0),
                "shipped": base.weights[rule.signal],
                "in_use": current.weights.get(rule.signal, 0.0),
                "fitted": rule.weight,
            }
            for rule in found.policy.rules
        ],
    }
