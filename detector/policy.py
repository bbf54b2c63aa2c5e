"""Policy: which signals count, how much, and from which score on somebody is told.

A policy is a TOML file: the shipped ones are `detector/policies/VERSION.toml` and are kept for ever, a team's own has
the same form. Version and evidence together replay any stored score:

1. A signal counts once, with its strongest observation: weight times strength, in log-odds.
2. The bias is added to their sum.
3. The score is the logistic of that, or what the policy's map (`detector.score_map`) makes of it.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, cached_property
from importlib import resources
from math import isfinite
from typing import Any

import msgspec

from detector.score_map import ScoreMap, logistic, score_map
from detector.verdict import Decision

VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")


class PolicyError(ValueError):
    """A policy that cannot be used; the message says where in the file."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How much a signal counts."""

    signal: str
    weight: float  # log-odds at strength 1; negative exonerates
    origin: str = ""  # what the weight was set or measured on


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A versioned set of rules and thresholds."""

    version: str
    bias: float  # log-odds of an item about which nothing is known
    rules: tuple[Rule, ...]  # incriminating first, exonerating last
    impersonation: float  # score from which the decision is "impersonation"
    suspicious: float  # score from which a person should look
    map: ScoreMap | None = None  # None: the score is the logistic of the sum
    fitted: Mapping[str, Any] = field(default_factory=dict, compare=False)  # from what it was fitted; told, not used

    @cached_property
    def weights(self) -> dict[str, float]:
        """Weight by signal."""
        return {rule.signal: rule.weight for rule in self.rules}

    def score(self, log_odds: float) -> float:
        """Return the score, 0-1, of summed weights; the bias is added here."""
        raw = self.bias + log_odds
        return logistic(raw) if self.map is None else self.map.score(raw)

    def decide(self, score: float, signals: Collection[str]) -> Decision:
        """Return the decision for a score and the signals that were found."""
        if "official.host" in signals:
            return "official"
        if score >= self.impersonation:
            return "impersonation"
        if score >= self.suspicious:
            return "suspicious"
        return "official" if {"official.account", "official.destination"} & set(signals) else "mention"


def tells(signal: str) -> bool:
    """Tell whether a signal is about the brand, rather than about texts and pages; others alone give no verdict."""
    return signal.partition(".")[0] in ("name", "host", "claim", "picture", "copied", "official", "advertiser")


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    signal: str
    weight: float
    origin: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    bias: float
    impersonation: float
    suspicious: float
    rules: list[_Rule]
    platt: dict[str, float] | None = None
    isotonic: dict[str, list[tuple[float, float]]] | None = None
    fitted: dict[str, Any] = {}


def read_policy(text: str, *, known: Collection[str] | None = None) -> Policy:
    """Read and check a policy file.

    Args:
        text: TOML.
        known: the signals that it must weigh, each once, by default all there are; empty for a policy that only replays
            old verdicts.

    Raises:
        PolicyError: with the first thing that is wrong, and where.
    """
    try:
        file = msgspec.convert(tomllib.loads(text), _File)
        made = score_map(file.platt, file.isotonic)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"is not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise PolicyError(str(error).replace("`", "").replace("$.", "")) from error
    policy = Policy(
        version=file.version,
        bias=file.bias,
        rules=tuple(Rule(rule.signal, rule.weight, rule.origin) for rule in file.rules),
        impersonation=file.impersonation,
        suspicious=file.suspicious,
        map=made,
        fitted=file.fitted,
    )
    if file.platt is not None and file.isotonic is not None:
        raise PolicyError("expected platt or isotonic, not both")
    for problem in _problems(policy, KNOWN if known is None else known):
        raise PolicyError(problem)
    return policy


def _problems(policy: Policy, known: Collection[str]) -> Iterator[str]:
    if not VERSION.fullmatch(policy.version):
        yield "version: expected letters, digits and .+_- only, at most 64"
    if not isfinite(policy.bias):
        yield "bias: expected a finite number"
    if not 0 < policy.suspicious <= policy.impersonation < 1:
        yield (
            "suspicious, impersonation: expected 0 < suspicious <= impersonation < 1, "
            f"got {policy.suspicious} and {policy.impersonation}"
        )
    seen: set[str] = set()
    exonerating = False
    for index, rule in enumerate(policy.rules):
        where = f"rules[{index}] {rule.signal!r}"
        if rule.signal in seen:
            yield f"{where}: is weighed twice"
        if known and rule.signal not in known:
            near = get_close_matches(rule.signal, sorted(known), 1)
            yield f"{where}: there is no such signal" + (f"; did you mean {near[0]!r}?" if near else "")
        if not isfinite(rule.weight):
            yield f"{where}: expected a finite weight"
        if exonerating and rule.weight > 0:
            yield f"{where}: exonerating rules (weights below 0) come last"
        exonerating |= rule.weight < 0
        seen.add(rule.signal)
    if missing := sorted(set(known) - seen):
        yield f"rules: no weight for {', '.join(missing)}; weight = 0.0 tells it and does not count it"
    if policy.map is not None and (problem := policy.map.problem()):
        yield problem


def shipped_versions() -> tuple[str, ...]:
    """Return the versions of the shipped policies, oldest first."""
    names = (file.name for file in resources.files("detector").joinpath("policies").iterdir())
    versions = [name.removesuffix(".toml") for name in names if name.endswith(".toml")]
    return tuple(sorted(versions, key=lambda version: tuple(map(int, version.split(".")))))


@cache
def shipped_policy(version: str) -> Policy:
    """Return a shipped policy; an older one may weigh other signals than there are now.

    Raises:
        KeyError: no policy of this version was shipped.
        PolicyError: the file is wrong.
    """
    versions = shipped_versions()
    if version not in versions:
        raise KeyError(version)
    text = resources.files("detector").joinpath(f"policies/{version}.toml").read_text(encoding="utf-8")
    return read_policy(text, known=())


POLICY: Policy = shipped_policy(shipped_versions()[-1])
# The signals. The newest policy weighs all there are, and is read without what they need to look.
KNOWN: frozenset[str] = frozenset(POLICY.weights)
