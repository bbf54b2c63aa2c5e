"""Placing: which case each flagged item belongs to, by what it has in common with the items that are there.

1. Items that are in a case stay there; those whose links led to a page take it along; of the others the keys are looked
   up, all of one batch at once.
2. One by one: the case whose keys suffice (`detector.campaign_rule`) is joined; where there is none, one is opened.
3. Where an item belongs to several cases, those that no person has judged become one; else it joins the one that was
   judged, and the others are suggested to people. Pairs that people put apart stay apart.

The caller holds the lock of the brands (`storage.case_locks`), so that nobody else opens or merges cases meanwhile.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from detector.campaign import CampaignKey, campaign_name
from detector.campaign_rule import TELLING, Match, alone, enough
from detector.items import Item
from detector.verdict import Verdict
from storage.campaign_keys import Holder, KeptKey, telling_keys
from storage.case_locks import MACHINE
from storage.case_pairs import apart, suggest
from storage.merging import Because, age, judged, put_together
from storage.schema import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A flagged item that is to be placed."""

    number: int  # in its batch
    item_id: int
    item: Item
    verdict: Verdict
    keys: Sequence[KeptKey] = ()
    homes: tuple[int, ...] = ()  # cases that it is in already, or that it was led to from


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What an item has in common with a case."""

    kept: KeptKey
    holder: Holder

    @property
    def strong(self) -> bool:
        """Tell whether one party alone has it, and no person has found otherwise.

        That an advertiser places for nobody else, one of the two items shows; that they lead to a place of their own,
        rather than cite it, both must.
        """
        mine, theirs = self.kept.key.strong, self.holder.strong
        both = self.kept.key.kind in ("host", "page")
        return (mine and theirs if both else mine or theirs) and not self.kept.parted


@dataclass(slots=True, kw_only=True)
class Placed:
    """Where the items of a batch belong. Cases that are yet to be opened have negative numbers."""

    cases: dict[int, tuple[int, ...]] = field(default_factory=dict)  # number of the arrival -> cases
    new: dict[int, int] = field(default_factory=dict)  # a case to open -> number of the arrival that opens it
    names: dict[int, str] = field(default_factory=dict)  # a case to open -> what it is called by
    reasons: dict[int, tuple[int, Sequence[Reason]]] = field(default_factory=dict)  # number -> case joined, and why

    def add(self, other: "Placed") -> None:
        """Take in what was found for another brand."""
        self.cases |= other.cases
        self.new |= other.new
        self.names |= other.names
        self.reasons |= other.reasons


class Placing:
    """One brand's batch; cases are locked, and changed where an item makes two of them one."""

    def __init__(
        self,
        session: Session,
        brand: str,
        cases: dict[int, Case],
        holders: Mapping[int, Sequence[Holder]],
        now: datetime,
        *,
        first: int = -1,
    ) -> None:
        """Take the locked cases, the holders of every key, and the first number for a case that is to be opened."""
        self._next = first
        self._session, self._brand, self._cases, self._now = session, brand, cases, now
        self._holders: dict[int, dict[int, Holder]] = defaultdict(dict)
        for key_id, found in holders.items():
            self._holders[key_id] = {holder.case_id: holder for holder in found}
        self._keys: dict[int, list[CampaignKey]] = {}  # of cases
        self._gone: dict[int, int] = {}  # a case -> the one that it became a part of
        self._judged: dict[int, bool] = {}
        self._apart = apart(session, cases.keys()) if cases else set()
        self.placed = Placed()

    def place(self, arrivals: Iterable[Arrival]) -> Placed:
        """Place items in the order in which they came."""
        for arrival in arrivals:
            self._place(arrival)
        placed = self.placed
        placed.cases = {
            number: tuple(dict.fromkeys(self._root(case) for case in cases)) for number, cases in placed.cases.items()
        }
        placed.new = {case: number for case, number in placed.new.items() if case not in self._gone}
        placed.reasons = {number: (self._root(case), why) for number, (case, why) in placed.reasons.items()}
        return placed

    def _place(self, arrival: Arrival) -> None:
        homes = tuple(dict.fromkeys(self._root(case) for case in arrival.homes))
        joined, alone = self._belongs(arrival, set(homes))
        target = homes[0] if homes else self._target(joined) or self._target(alone)
        if target is None:
            target, self._next = self._next, self._next - 1
            self.placed.new[target] = arrival.number
            self.placed.names[target] = campaign_name(arrival.item, [kept.key for kept in arrival.keys])
        elif not homes:
            self.placed.reasons[arrival.number] = target, (joined.get(target) or alone[target])
        for sure, others in ((target in joined or bool(homes), joined), (False, alone)):
            for other, reasons in others.items():
                if other != target and self._root(other) != self._root(target):
                    self._bridge(target, other, arrival, [*reasons, *joined.get(target, ())], sure=sure)
        target = self._root(target)
        self.placed.cases[arrival.number] = tuple(dict.fromkeys((target, *map(self._root, homes))))
        self._keys_of(target).extend(kept.key for kept in arrival.keys if kept.key.kind in TELLING)
        for kept in arrival.keys:
            held = Holder(case_id=target, item_id=arrival.item_id, strong=kept.key.strong)
            self._holders[kept.id].setdefault(target, held)

    def _root(self, case: int) -> int:
        while case in self._gone:
            case = self._gone[case]
        return case

    # --- what belongs together --------------------------------------------------------------------------------

    def _belongs(self, arrival: Arrival, homes: Collection[int]) -> tuple[dict[int, list[Reason]], ...]:
        """Return the cases that an item belongs to, and those that it joins where there is no other, with reasons.

        The second ones have one weak thing in common with it: enough to put an item somewhere, too little to make one
        case of two.
        """
        found: dict[int, list[Reason]] = defaultdict(list)
        for kept in arrival.keys:
            if not kept.hub:
                for case, holder in self._holders[kept.id].items():
                    if self._root(case) not in homes:
                        found[self._root(case)].append(Reason(kept=kept, holder=holder))
        sure: dict[int, list[Reason]] = {}
        alone: dict[int, list[Reason]] = {}
        for case, reasons in found.items():
            joins = self._joins(case, reasons)
            if joins:
                sure[case] = reasons
            elif joins is None and self._fits(arrival, case, reasons):
                alone[case] = reasons
        return sure, alone

    def _joins(self, case: int, reasons: Sequence[Reason]) -> bool | None:
        if case in self._cases and self._cases[case].state == "dismissed":
            # What a person has dismissed takes along only what is surely the same; all else waits for a person.
            return any(reason.strong for reason in reasons)
        return enough([Match(kind=reason.kept.key.kind, strong=reason.strong) for reason in reasons])

    def _fits(self, arrival: Arrival, case: int, reasons: Sequence[Reason]) -> bool:
        own = [kept.key for kept in arrival.keys]
        return any(alone(one.kept.key.kind, own, self._keys_of(case)) for one in reasons)

    def _keys_of(self, case: int) -> list[CampaignKey]:
        """Return what tells a case from others: where it leads, and who sends it."""
        if case not in self._keys:
            self._keys[case] = telling_keys(self._session, case) if case > 0 else []
        return self._keys[case]

    def _target(self, joined: Mapping[int, Sequence[Reason]]) -> int | None:
        """Return the case to join: no dismissed one if there is another, one that was judged, the closest, oldest."""
        torn = any(self._are_apart(one, other) for one in joined for other in joined if one < other)

        def rank(case: int) -> tuple[bool, int, bool, int, datetime, int]:
            row = self._cases.get(case)
            strong = sum(reason.strong for reason in joined[case])
            near = -(2 * strong + len(joined[case]))
            return (
                row is not None and row.state == "dismissed",
                near if torn else 0,
                not self._is_judged(case),
                near,
                *(age(row) if row is not None else (self._now, -case)),
            )

        return min(joined, key=rank, default=None)

    # --- what becomes one -------------------------------------------------------------------------------------

    def _bridge(self, target: int, other: int, arrival: Arrival, reasons: Sequence[Reason], *, sure: bool) -> None:
        """Make one of two cases that an item belongs to, or suggest it."""
        one, two = self._root(target), self._root(other)
        if self._are_apart(one, two):
            return
        if not sure or self._is_judged(one) or self._is_judged(two):
            if one > 0 and two > 0:
                key_id = reasons[0].kept.id
                suggest(self._session, one, two, item_id=arrival.item_id, key_id=key_id, now=self._now)
            return
        into, gone = sorted((one, two), key=self._age)
        if gone > 0:
            keys = tuple(f"{reason.kept.key.kind}:{reason.kept.key.value}" for reason in reasons)
            because = Because(item=arrival.item_id, keys=keys)
            put_together(self._session, self._cases, into, gone, who=MACHINE, now=self._now, because=because)
        self._gone[gone] = into
        self._keys_of(into).extend(self._keys.pop(gone, ()))
        self._apart |= {
            (min(into, far), max(into, far))
            for pair in self._apart
            if gone in pair
            for far in pair
            if far not in (gone, into)
        }
        for held in self._holders.values():
            if gone in held:
                held.setdefault(into, held.pop(gone))

    def _age(self, case: int) -> tuple[datetime, int, int]:
        row = self._cases.get(case)
        return (row.opened_at, 0, row.id) if row is not None else (self._now, 1, -case)

    def _are_apart(self, one: int, other: int) -> bool:
        return (min(one, other), max(one, other)) in self._apart

    def _is_judged(self, case: int) -> bool:
        if case < 0:
            return False
        if case not in self._judged:
            self._judged[case] = judged(self._session, self._cases[case])
        return self._judged[case]
