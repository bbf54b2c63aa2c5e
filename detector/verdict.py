"""Verdict: the machine's answer for one Item and one brand, and its public JSON form."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from detector.evidence import Evidence

Decision = Literal["impersonation", "suspicious", "mention", "official", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A score never stands alone: the evidence and the policy version that gave it travel with it."""

    id: str  # the Item's id, echoed
    brand: str
    score: float  # 0-1, logistic of the summed log-odds
    decision: Decision
    evidence: tuple[Evidence, ...]
    policy: str  # policy version

    @property
    def flagged(self) -> bool:
        """Tell whether a person should look at this."""
        return self.decision in ("impersonation", "suspicious")


_encoder = msgspec.json.Encoder()


def encode_verdict(verdict: Verdict) -> bytes:
    """Write one Verdict as a JSON object without a newline."""
    return _encoder.encode(verdict)
