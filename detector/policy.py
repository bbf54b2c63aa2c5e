"""Policy: which signals count, how much, and from which score on somebody is told. One visible list.

Weights are log-odds and add up; a signal counts once per item and brand, with its strongest observation (weight times
strength). Version and evidence together replay any stored score.

Origin "D2": starting log-odds that worked in the prototype (text, measured there on texts written afterwards:
recall 0.70, 1 false alarm of 26). Origin "cases": set on tests/cases. Origin "hosts": benchmarks/hosts.py, tuned
on 2023.
"""

from dataclasses import dataclass
from functools import cached_property
from math import exp


@dataclass(frozen=True, slots=True)
class Rule:
    """How much a signal counts."""

    signal: str
    weight: float  # log-odds at strength 1; negative exonerates


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A versioned set of rules and thresholds."""

    version: str
    bias: float  # log-odds of an item about which nothing is known
    rules: tuple[Rule, ...]  # incriminating first, exonerating last
    impersonation: float  # score from which the decision is "impersonation"
    suspicious: float  # score from which a person should look

    @cached_property
    def weights(self) -> dict[str, float]:
        """Weight by signal."""
        return {rule.signal: rule.weight for rule in self.rules}

    def score(self, log_odds: float) -> float:
        """Return the score, 0-1, of summed weights; the bias is added here."""
        return 1 / (1 + exp(-max(-60.0, min(60.0, self.bias + log_odds))))


# Every second advertisement that names a brand, offers something and leads to an unknown shop is honest; with this
# bias such an item stays at 0.3, and it takes one sign of pretending more to reach 0.5. Origin: cases.
BIAS: float = -3.2
# Log-odds 1.7 and 0: on the cases, nothing honest is above the first, and what lies between is for a person to say.
IMPERSONATION: float = 0.85
SUSPICIOUS: float = 0.5

POLICY = Policy(
    version="2026.1",
    bias=BIAS,
    impersonation=IMPERSONATION,
    suspicious=SUSPICIOUS,
    rules=(
        Rule("host.imitated_suffix", 5.6),  # hosts
        Rule("host.lookalike", 4.6),  # D2 "up to +4.5"; hosts: with a strength from place and company
        Rule("host.combosquat", 4.6),  # hosts: strength 0.7 (log-odds 3.8 in host_weights.py) is flagged
        Rule("claim.known_false", 3.0),  # cases: alone not enough, since news quote false claims
        Rule("host.path", 4.6),  # hosts: what honest shops do is bounded in path_names.py
        Rule("wording.fraud", 8.0),  # wording: log-odds learned from the labelled texts; strength is their sum over 8
        Rule("name.obfuscated", 3.0),  # D2: homoglyph or spaced name
        Rule("host.displayed", 2.2),  # D2: the displayed host is the official one
        Rule("advertiser.uses_name", 2.0),  # D2: the sender is the brand
        Rule("name.sender", 2.0),  # D2: the sender is the brand
        Rule("lure.threat", 1.9),  # D2
        Rule("lure.clearance", 1.6),  # cases: stronger than an offer, weaker than a threat
        Rule("picture.copy", 1.5),  # cases: honest shops use the maker's pictures, too
        Rule("lure.giveaway", 1.6),  # cases: with a hand-off it is enough
        Rule("lure.credentials", 1.2),  # D2
        Rule("name.misspelt", 1.4),  # D2
        Rule("name.official_claim", 1.1),  # D2
        Rule("lure.handoff", 1.1),  # D2: LINE, Telegram, WhatsApp
        Rule("lure.investment", 1.0),  # D2
        Rule("lure.offer", 0.9),  # D2
        Rule("host.foreign", 0.8),  # D2: the destination is not official
        Rule("name.mention", 0.8),  # cases: a name alone is never suspicious
        Rule("name.product", 0.5),  # cases
        Rule("advertiser.unknown", 0.2),  # cases: most advertisers are unknown and honest
        Rule("official.expired", 0.0),  # told, not counted
        Rule("context.news", -0.8),  # D2 has -1.6; halved, because anybody can write these words
        Rule("context.review", -0.8),
        Rule("context.job", -0.8),
        Rule("context.warning", -0.8),
        Rule("wording.honest", -8.0),
        Rule("official.partner", -3.0),  # cases: a registered reseller may advertise a sale
        Rule("official.destination", -5.0),  # D2
        Rule("official.account", -5.0),  # as a destination: only the platform can fake it
        Rule("official.host", -12.0),  # outweighs everything that a text can say
    ),
)
