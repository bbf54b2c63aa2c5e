"""Write a policy as the file that `detector.policy.read_policy` reads."""

import json
from typing import Any

from detector.policy import Policy
from detector.score_map import Isotonic, Platt


def write_policy(policy: Policy, *, head: str = "") -> str:
    """Return the TOML text of a policy; reading it gives an equal one.

    Args:
        head: comment lines for people, without their `#`.
    """
    lines = [f"# {_plain(line)}".rstrip() for line in head.splitlines()]
    lines += ["", f"version = {_value(policy.version)}", f"bias = {_value(policy.bias)}"]
    lines += [f"impersonation = {_value(policy.impersonation)}", f"suspicious = {_value(policy.suspicious)}"]
    lines += ["", "# Incriminating first, exonerating last.", "rules = ["]
    lines += [
        f"    {{ signal = {_value(rule.signal)}, weight = {_value(rule.weight)}, origin = {_value(rule.origin)} }},"
        for rule in policy.rules
    ]
    lines += ["]"]
    if isinstance(policy.map, Platt):
        lines += ["", "[platt]  # score = logistic(slope x sum + intercept); below lowest a score is never raised"]
        lines += [f"{name} = {_value(getattr(policy.map, name))}" for name in ("slope", "intercept", "lowest")]
    elif isinstance(policy.map, Isotonic):
        lines += ["", "[isotonic]  # [sum of log-odds, score], straight lines between"]
        lines += [f"points = {_value([list(point) for point in policy.map.points])}"]
    if policy.fitted:
        lines += ["", "[fitted]  # from what; told, not used"]
        lines += [f"{name} = {_value(value)}" for name, value in policy.fitted.items()]
    return "\n".join(lines).lstrip("\n") + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(_plain(value), ensure_ascii=False)
    return json.dumps(value)


def _plain(text: str) -> str:
    """Return the text without what TOML cannot hold as it is: controls, and halves of characters."""
    return "".join(one if one.isprintable() else "?" for one in text)
