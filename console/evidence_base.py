"""What evaluation and calibration work on: judged things, from labelled files or from the team's own judgements."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from console.labelled import best_verdict, picture_hashes, read_labelled
from detector.assess import Assessor
from detector.calibration import Observation
from detector.items import Item
from detector.measures import Answer
from detector.policy import Policy
from detector.replay import reweigh, strengths
from detector.verdict import Verdict
from safety.sandbox import Sandbox
from spiders.eye import Eye
from storage.columns import digest_of
from storage.judged import judged_items


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One thing of which the truth is known, with what the machine says of it."""

    item: Item
    verdict: Verdict | None  # None: the machine had nothing to say
    fraud: bool
    brand: str
    source: str
    kind: str
    group: str
    at: datetime | None = None

    @property
    def answer(self) -> Answer:
        """What is measured."""
        return Answer(
            id=self.item.id,
            fraud=self.fraud,
            flagged=self.verdict is not None and self.verdict.flagged,
            score=self.verdict.score if self.verdict else 0.0,
            brand=self.brand,
            source=self.source,
            kind=self.kind,
        )

    @property
    def observation(self) -> Observation | None:
        """What is fitted; None where no policy is ever asked."""
        if self.verdict is None:
            return None
        return Observation(group=self.group, seen=strengths(self.verdict.evidence), fraud=self.fraud, at=self.at)

    def weighed(self, policy: Policy) -> "Known":
        """Return the same as another policy would have judged it, from the evidence of then."""
        if self.verdict is None:
            return self
        score, decision = reweigh(strengths(self.verdict.evidence), policy)
        verdict = Verdict(
            id=self.verdict.id,
            brand=self.verdict.brand,
            score=score,
            decision=decision,
            evidence=self.verdict.evidence,
            policy=policy.version,
        )
        return Known(
            item=self.item, verdict=verdict, fraud=self.fraud, brand=self.brand, source=self.source, kind=self.kind,
            group=self.group, at=self.at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Everything that was read, and from where."""

    known: tuple[Known, ...]
    problems: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]  # name, SHA-256 of the content


def from_files(paths: Sequence[Path], assessor: Assessor, *, on: date, brand: str | None = None) -> Base:
    """Read labelled files and judge their items now.

    Raises:
        OSError: a file cannot be read.
    """
    known: list[Known] = []
    problems: list[str] = []
    inputs = []
    with Sandbox(workers=1) as sandbox, Eye(sandbox) as eye:
        for path in paths:
            inputs.append((path.name, hashlib.sha256(path.read_bytes()).hexdigest()))
            for one in read_labelled(path):
                if isinstance(one, tuple):
                    problems.append(f"{path}: line {one[0]}: {one[1]}")
                    continue
                if brand is not None and one.brand not in (None, brand):
                    continue
                pictures = picture_hashes(one.item, path.parent, eye)
                verdict = best_verdict(one, assessor.assess(one.item, on=on, pictures=pictures))
                known.append(
                    Known(
                        item=one.item,
                        verdict=verdict,
                        fraud=one.fraud,
                        brand=one.brand or (verdict.brand if verdict else "-"),
                        source=one.item.platform or "-",
                        kind=one.kind,
                        group=one.campaign,
                    )
                )
    return Base(known=tuple(known), problems=tuple(problems), inputs=tuple(inputs))


def from_judgements(session: Session, *, brand: str | None = None, since: datetime | None = None) -> Base:
    """Read what the team has decided, with the verdicts as they were then."""
    found = judged_items(session, brand=brand, since=since)
    known = tuple(
        Known(
            item=one.item,
            verdict=one.verdict,
            fraud=one.confirmed,
            brand=one.verdict.brand,
            source=one.source,
            kind=one.reason,
            group=f"{one.verdict.brand}/{one.campaign}",
            at=one.at,
        )
        for one in found
    )
    content = [[one.case_id, one.item.id, one.confirmed, one.at.isoformat()] for one in found]
    return Base(known=known, problems=(), inputs=(("judgements", digest_of(content)),) if known else ())
