"""How telling a name in a host is: log-odds by how it stands there, where, how long it is, and in what company.

Origin of every number: a logistic regression over all hits of ten brands (and of 33 more, profiled by name and main
host) on the JPCERT/CC hosts of 2023 against the even lines of benign_hosts_dev.txt. Each registrable domain of 2023
weighs as the square root of its hosts, a benign host twice; hits of a brand that the list does not name count 0.15
against look-alikes, 0 against exact names. Ridge penalty towards priors where the sample says little: names of ten
letters or more (+3, then 3.4, so that such a name alone just reaches the threshold), the company, an ambiguous name
(-0.7, given). Rounded to 0.1.
"""

from collections.abc import Iterable
from typing import Literal

from detector.host_words import Company, Fit, Position

# A confusable spelling, one slip, two slips, similar beside an imitated suffix, less similar beside one.
Slip = Literal["shape", "slip", "slip2", "near", "near_wide"]

BIAS: float = 3.0
# By length of the name: 2, 3, 4, 5-6, 7-9, 10 or more letters. Names of two letters: given, hardly in the data.
FITS: dict[Fit | Slip, tuple[float, float, float, float, float, float]] = {
    "label": (-2.0, 0.7, -0.4, 1.5, 1.5, 3.4),
    "word": (-1.5, 2.4, 2.7, 1.2, 1.2, 3.4),
    "glued": (-3.0, 1.5, 1.6, 0.7, 0.9, 3.4),
    "doubled": (-4.0, 0.4, 0.9, 0.9, 0.9, 3.4),
    "edge": (-9.0, -1.3, 0.1, -0.6, 0.6, 2.4),
    "inside": (-9.0, -5.3, -3.1, -0.6, -0.3, 2.0),
    "shape": (-9.0, -9.0, -9.0, 0.0, 1.5, 3.4),
    "slip": (-9.0, -9.0, -9.0, -0.2, -0.3, 3.4),
    "slip2": (-9.0, -9.0, -9.0, -9.0, -0.7, 1.7),
    "near": (-9.0, -9.0, -9.0, -1.4, -1.4, -1.4),
    "near_wide": (-9.0, -9.0, -9.0, -1.6, -1.6, -1.6),
}
POSITIONS: dict[Position, float] = {"registrable": -2.5, "tenant": 0.0, "subdomain": 0.9}
COMPANY: dict[Company, float] = {
    "before_suffix": 1.5,
    "before_com": 1.4,
    "has_suffix": 1.2,
    "has_com": 1.0,
    "lure": 0.2,
    "lures": 1.5,
}
ABUSED_SUFFIX: float = 1.4
# A name in a subdomain without any company is how partners and services name their customers. The regression gives
# -0.8 and -1.2, but the benign lines have few subdomains: 9 of the odd lines were flagged with it, 2 with these. A
# false alarm costs more than the 10 of 100 exact signs of 2024 that this gives away.
ALONE_WHOLE: float = -2.0
ALONE_PART: float = -2.4
WHOLE: frozenset[Fit | Slip] = frozenset(("label", "word", "glued", "doubled"))
AMBIGUOUS: float = -0.7
# A name without vowels hardly begins or ends an honest word.
VOWELLESS: float = 1.6
VOWELS: frozenset[str] = frozenset("aeiouy")

# Log-odds 3.8 becomes 0.7, from which the policy flags a bare host: 1 of 48,956 even lines reaches it. Log-odds 3 would
# do for 4 of them; weights and threshold from the same lines drift, hence the distance.
ZERO: float = 0.32
PER_LOG_ODDS: float = 0.1


def length_class(letters: int) -> int:
    """Return the column of `FITS` for a name of so many letters."""
    return (0, 0, 0, 1, 2, 3, 3, 4, 4, 4)[letters] if letters < 10 else 5


def log_odds(fit: Fit | Slip, name: str, position: Position, company: Iterable[Company], *, abused: bool) -> float:
    """Return the log-odds that a name in a foreign host is there to deceive.

    Args:
        fit: how the name stands in its label.
        name: the brand's own name, not its misspelling.
        position: the kind of label.
        company: what stands around it.
        abused: the host's public suffix is one of `ABUSED_SUFFIXES`.
    """
    around = sum(COMPANY[one] for one in company) + (ABUSED_SUFFIX if abused else 0.0)
    if not around and position == "subdomain":
        around = ALONE_WHOLE if fit in WHOLE else ALONE_PART
    if (fit in WHOLE or fit == "edge") and VOWELS.isdisjoint(name):
        around += VOWELLESS
    return BIAS + FITS[fit][length_class(len(name))] + POSITIONS[position] + around


def strength(odds: float, *, ambiguous: bool) -> float:
    """Return log-odds as the strength of a hit, 0-1."""
    odds += AMBIGUOUS if ambiguous else 0.0
    return round(min(1.0, max(0.0, ZERO + PER_LOG_ODDS * odds)), 3)
