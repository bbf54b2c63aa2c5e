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

    @property
    def told(self) -> tuple[Evidence, ...]:
        """The evidence to show people: what counted, and what no other observation of its signal outweighs.

        A signal counts once; its further observations carry weight 0 and only mark more places.
        """
        counted = {evidence.signal for evidence in self.evidence if evidence.weight}
        return tuple(evidence for evidence in self.evidence if evidence.weight or evidence.signal not in counted)


_encoder = msgspec.json.Encoder()


def encode_verdict(verdict: Verdict) -> bytes:
    """Write one Verdict as a JSON object without a newline."""
    return _encoder.encode(verdict)
