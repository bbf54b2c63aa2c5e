"""Bureau: an office with quiet hours, inhibitions and silences, which takes the steps that the watch takes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from alerts.message import Alert, decode_alert
from alerts.report import DispatchReport
from alerts.silences import Silenced
from config import Config
from config.quiet import Quiet
from config.routes import Inhibit
from storage.cases import Judgement, judge
from storage.database import transaction
from storage.deliveries import WaitingView, list_waiting
from storage.schema import AlertIntent, Case, Delivery
from storage.silences import add_silence
from tests.alerts.office import Office
from tests.servers.sink import Sink
from watch.reminders import remind_due


class Bureau(Office):
    """Where routes are tried."""

    quiets: Sequence[Mapping[str, Any]] = ()
    inhibits: Sequence[Mapping[str, Any]] = ()

    @property
    def config(self) -> Config:
        more = {
            "quiet": tuple(Quiet.model_validate(row) for row in self.quiets),
            "inhibit": tuple(Inhibit.model_validate(row) for row in self.inhibits),
        }
        return super().config.model_copy(update=more)

    async def step(self, **length: float) -> DispatchReport:
        """Let time pass, then do what the watch does."""
        self.wait(**length)
        remind_due(self.engine, self.at)
        return await self.dispatch()

    def silence(self, *, hours: float = 1, who: str = "aki", **what: Any) -> int:
        """Silence cases from now on."""
        with transaction(self.engine) as session:
            return add_silence(
                session,
                Silenced(**what).stored(),
                who=who,
                reason="exercise",
                until=self.at + timedelta(hours=hours),
                now=self.at,
            )

    def judge(self, case_id: int, action: Any, **fields: Any) -> None:
        with transaction(self.engine) as session:
            judge(session, case_id, Judgement(who="aki", action=action, **fields), now=self.at)

    def set_case(self, case_id: int, **values: Any) -> None:
        """Change what a case has, past judgements."""
        with transaction(self.engine) as session:
            session.execute(update(Case).where(Case.id == case_id).values(**values))

    def waiting(self) -> list[WaitingView]:
        with transaction(self.engine) as session:
            return list_waiting(session)

    def rows(self) -> list[AlertIntent]:
        """Return every intent, oldest first."""
        with transaction(self.engine) as session:
            return list(session.scalars(select(AlertIntent).order_by(AlertIntent.id)))

    def digests(self) -> list[Alert]:
        """Return every digest as it is frozen in the outbox."""
        with transaction(self.engine) as session:
            alerts = [decode_alert(payload) for payload in session.scalars(select(Delivery.payload))]
        return [alert for alert in alerts if alert.reason == "digest"]

    def notes(self) -> list[tuple[str, str | None]]:
        """Return state and note of every intent, oldest first."""
        return [(row.state, row.note) for row in self.rows()]


Message = tuple[str, int | list[int]]  # reason, and the case or the cases


def told(sink: Sink) -> list[Message]:
    """Return what was received, each message once, in order."""
    messages = {request.headers["webhook-id"]: json.loads(request.body) for request in sink.received}
    return [(message["type"].rpartition(".")[2], _about(message["data"])) for message in messages.values()]


def _about(data: Mapping[str, Any]) -> int | list[int]:
    return data["case"]["id"] if data.get("case") else sorted(line["case"] for line in data["digest"])


def cases_of(messages: Iterable[Message]) -> list[int]:
    """Return the cases that messages are about, as often as they are told."""
    return [case for _, about in messages for case in (about if isinstance(about, list) else [about])]


def at(text: str) -> datetime:
    """Read a time with its offset."""
    return datetime.fromisoformat(text)
