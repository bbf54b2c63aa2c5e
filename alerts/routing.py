"""Routing: from what is due to what leaves.

1. `split`: an intent about a case becomes one for each route that wants it; where none does it stays and is told of.
2. `release`: each route looks at what it keeps, one dispatcher at a time, and `alerts.grouping` decides.

Each step is a short transaction. What was let go is made into deliveries by `alerts.outgoing`.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts.grouping import HOUR, SCHEDULED, SOON, Timing, Told, plan
from alerts.inhibition import Inhibitions
from alerts.matching import fold_of, matching_routes, wants
from alerts.quiet import last_digest, quiet_until
from alerts.silences import Silences
from config import Config
from config.routes import Route, named
from storage import routed
from storage.actions import UNJUDGED
from storage.case_facts import CaseFacts, facts_of
from storage.database import snapshot
from storage.errors import StorageError
from storage.intents import PendingIntent, due_intents, pending_intents
from storage.routed import Afterwards, Leaving, Share
from storage.routed import Waiting as Kept
from storage.schema import IntentReason

SPLIT_BATCH = 50  # intents in one transaction; other writers wait for it
RELEASE_BATCH = 5000  # that a route looks at together


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What routing did to one intent."""

    intent: PendingIntent | Kept | Leaving
    deliveries: int = 0
    problem: str | None = None  # why it reaches nobody; the intent stays pending and visible


class Routing:
    """Applies the routes of a configuration to what the outbox holds."""

    def __init__(
        self, config: Config, engine: Engine, transaction: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self._config = config
        self._engine = engine
        self._transaction = transaction
        self._named = list(named(config.route))
        self.routes: Mapping[str, Route] = dict(self._named)  # by name
        self._quiets = {quiet.key: quiet for quiet in config.quiet}
        self._whole = any(route.group_by or route.most_per_hour for route in config.route)
        self._due: deque[int] = deque()  # intents that are to be split

    def split(self, now: datetime, *, skip: frozenset[int]) -> tuple[bool, list[Routed]]:
        """Give the routes their shares of what is due; return whether there is more, and what none of them wants.

        A part of it at a time, unless a route must see all of it to tell of many cases together.
        """
        if not self._due:
            with snapshot(self._engine) as session:
                self._due.extend(intent_id for intent_id in due_intents(session, now) if intent_id not in skip)
        unwanted: list[Routed] = []
        while self._due:
            some = [self._due.popleft() for _ in range(min(SPLIT_BATCH, len(self._due)))]
            with self._transaction() as session:
                batch = pending_intents(session, now, only=some)
                facts = self._facts(session, [intent.case_id for intent in batch], now)
                shared: dict[PendingIntent, list[Share]] = {}
                for intent in batch:
                    problem = self._split(session, intent, facts.get(intent.case_id), shared, now)
                    if problem:
                        unwanted.append(Routed(intent=intent, problem=f"case {intent.case_id}: {problem}"))
                routed.split(session, shared, now=now)
            if not self._whole:
                break
        return bool(self._due), unwanted

    def release(self, now: datetime, *, skip: frozenset[int]) -> list[Routed]:
        """Let every route decide about what it keeps; return what nobody wants of what routes kept that are gone."""
        with snapshot(self._engine) as session:
            names = routed.waiting_routes(session, now)
        unwanted: list[Routed] = []
        if gone := [name for name in names if name not in self.routes]:
            unwanted = self._reroute(gone, now, skip)
            with snapshot(self._engine) as session:
                names = routed.waiting_routes(session, now)
        for name, route in self._named:
            if name in names or (route.digest and route.empty):
                with self._transaction() as session:
                    self._release(session, name, route, now)
        return unwanted

    def _facts(self, session: Session, case_ids: Sequence[int], now: datetime) -> dict[int, CaseFacts]:
        """Read the cases together; where that fails each by itself, so that a fault in one keeps back no others."""
        try:
            return facts_of(session, case_ids, now)
        except (StorageError, SQLAlchemyError):
            raise
        except Exception:  # noqa: BLE001 - whatever a damaged row raises
            found: dict[int, CaseFacts] = {}
            for case_id in case_ids:
                try:
                    found |= facts_of(session, [case_id], now)
                except (StorageError, SQLAlchemyError):
                    raise
                except Exception:  # noqa: BLE001, S112 - the caller tells of those that are missing
                    continue
            return found

    def _split(
        self,
        session: Session,
        intent: PendingIntent,
        facts: CaseFacts | None,
        shared: dict[PendingIntent, list[Share]],
        now: datetime,
    ) -> str | None:
        """Add to `shared` what the routes get of an intent; return why they cannot."""
        if facts is None:
            return "the case cannot be read"
        found = matching_routes(self._named, facts)
        if not found:
            return "no route matches"
        shares = self._shares(found, intent.reason, facts, pressing=intent.pressing)
        if shares:
            shared[intent] = shares
        else:
            names = ", ".join(name for name, _ in found)
            routed.drop(session, [intent.id], note=f"{names}: not told of {intent.reason}", now=now)
        return None

    def _shares(
        self, found: Sequence[tuple[str, Route]], reason: IntentReason, facts: CaseFacts, *, pressing: bool
    ) -> list[Share]:
        return [
            Share(route=name, fold=fold_of(route, reason, facts))
            for name, route in found
            if reason != "digest" and wants(route, reason, pressing=pressing)
        ]

    def _release(self, session: Session, name: str, route: Route, now: datetime) -> None:
        routed.lock_route(session, name)
        kept = routed.waiting(session, name, now, limit=RELEASE_BATCH, flush=bool(route.group_by))
        kept = self._without_settled(session, kept, now)
        kept = self._without_muted(session, kept, now)
        told = Told(
            folds=routed.last_told(session, name, {SCHEDULED, *(one.fold for one in kept)}) if kept else {},
            lately=routed.told_since(session, name, now - HOUR, limit=route.most_per_hour)
            if route.most_per_hour and kept
            else (),
        )
        quiet = self._quiets[route.quiet] if route.quiet else None
        timing = Timing(
            wait=route.group_wait or self._config.alerting.group_wait,
            interval=route.group_interval or self._config.alerting.group_interval,
            quiet_until=quiet_until(quiet, now) if quiet else None,
        )
        decided = plan(route, kept, told, timing, now)
        then = Afterwards(repeat=route.repeat_interval, escalate=route.escalate_after)
        for hold in decided.holds:
            routed.hold(session, [one.id for one in hold.kept], until=hold.until, why=hold.why)
        routed.release(session, decided.releases, name, now=now, then=then)
        for digest in decided.digests:
            ids = [one.id for one in digest.told]
            if not routed.gather(session, digest.told, name, digest.fold, end=digest.end, now=now, then=then):
                routed.hold(session, ids, until=now + SOON, why="digest")
        if route.digest and route.empty and timing.quiet_until is None:
            end = last_digest(route.digest, route.zone, now)
            routed.add_empty_digest(session, name, SCHEDULED, end=end, now=now)

    def _without_settled(self, session: Session, kept: Sequence[Kept], now: datetime) -> list[Kept]:
        """Drop what only mattered while nobody had judged."""
        reminders = [one for one in kept if one.reason in ("escalated", "repeat") and not one.pressing]
        settled = {one.id for one in reminders if one.state not in UNJUDGED}
        if settled:
            routed.drop(session, sorted(settled), note="judged meanwhile", now=now)
        return [one for one in kept if one.id not in settled]

    def _without_muted(self, session: Session, kept: Sequence[Kept], now: datetime) -> list[Kept]:
        """Settle what a silence means, and hold what an inhibition does."""
        silences = Silences(session, now)
        if not kept or not (silences or self._config.inhibit):
            return list(kept)
        facts = facts_of(session, [one.case_id for one in kept], now)
        inhibitions = Inhibitions(session, self._config.inhibit, facts, now)
        free: list[Kept] = []
        for one in kept:
            silence = silences.of(facts[one.case_id])
            if silence is not None:
                routed.silence(session, [one.id], silence, now=now)
                continue
            because = None if one.pressing else inhibitions.of(facts[one.case_id])
            if because is None:
                free.append(one)
                continue
            until = now + self._config.alerting.group_interval
            routed.hold(session, [one.id], until=until, why="inhibited", note=f"case {because} is worked on")
        return free

    def _reroute(self, gone: Sequence[str], now: datetime, skip: frozenset[int]) -> list[Routed]:
        """Give what routes kept that are no longer configured to those that are."""
        with self._transaction() as session:
            for name in sorted(gone):
                routed.lock_route(session, name)
            kept = [one for one in routed.kept_by(session, gone, now) if one.id not in skip]
            facts = self._facts(session, [one.case_id for one in kept], now)
            unwanted = []
            for one in kept:
                found = matching_routes(self._named, facts[one.case_id]) if one.case_id in facts else []
                if not found:
                    unwanted.append(Routed(intent=one, problem=f"case {one.case_id}: no route matches"))
                    continue
                shares = self._shares(found, one.reason, facts[one.case_id], pressing=one.pressing)
                routed.drop(session, [one.id], note="its route is gone", now=now)
                entrusted = [(share, one.case_id, one.reason, one.count, one.created_at) for share in shares]
                routed.entrust(session, entrusted, now=now, pressing=one.pressing)
        return unwanted
