"""Writing: what a route has let go becomes messages, one for each of its receivers, frozen in the outbox."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts.compose import MOST_DIGEST, build_alert, build_digest, digest_line
from alerts.grouping import OVERFLOW, SCHEDULED
from alerts.message import Alert, Gathered, encode_alert
from alerts.routing import Routed
from config import Config
from config.routes import Route
from storage import outbox, routed
from storage.case_list import summaries
from storage.case_locks import lock_cases
from storage.cases import CaseDetail, case_contents
from storage.errors import StorageError
from storage.notice_due import ToTell, to_tell
from storage.outbox import NewDelivery
from storage.receivers import disabled_receivers
from storage.routed import DigestPart, Leaving


class Writing:
    """Writes the messages of a configuration."""

    def __init__(self, config: Config, routes: Mapping[str, Route]) -> None:
        self._config = config
        self._routes = routes
        self._names = {brand.key: brand.name for brand in config.brand}

    def write(self, session: Session, some: Sequence[Leaving], now: datetime) -> list[Routed]:
        """Make the deliveries of what leaves, as far as nobody else has; what cannot be told stays and is told of.

        The cases are locked first, so that two dispatchers that write to the same receiver about the same case see
        each other.
        """
        lock_cases(session, [one.case_id for one in some if one.case_id is not None])
        leaving = routed.leaving(session, now, only=[one.id for one in some])
        found = self._read(session, leaving, now)
        told = routed.told_receivers(session, [one.case_id for one in leaving if one.case_id is not None])
        disabled = disabled_receivers(session)
        messages: dict[int, list[NewDelivery]] = {}
        done: list[Routed] = []
        for one in leaving:
            route = self._routes.get(one.route)
            if route is None:
                routed.recall(session, one.id)  # those that are gone are given to others by `Routing.release`
            elif one.case_id is None:
                if problem := self._digest(session, one, route, disabled, messages, now):
                    done.append(Routed(intent=one, problem=f"a digest: {problem}"))
            elif problem := self._case(session, one, one.case_id, route, found, told, disabled, messages, now):
                done.append(Routed(intent=one, problem=f"case {one.case_id}: {problem}"))
        outbox.route_intents(session, messages, now)
        return [*done, *(Routed(intent=one, deliveries=len(messages[one.id])) for one in leaving if one.id in messages)]

    def _read(self, session: Session, leaving: Sequence[Leaving], now: datetime) -> dict[int, CaseDetail]:
        """Read the cases together, in a tenth of the time; none of them where one cannot be read."""
        try:
            return case_contents(session, [one.case_id for one in leaving if one.case_id is not None], now=now)
        except (StorageError, SQLAlchemyError):
            raise
        except Exception:  # noqa: BLE001 - each is read alone then, and told of alone
            return {}

    def _case(
        self,
        session: Session,
        one: Leaving,
        case_id: int,
        route: Route,
        found: Mapping[int, CaseDetail],
        told: dict[tuple[int, str, bool], datetime],
        disabled: Collection[str],
        messages: dict[int, list[NewDelivery]],
        now: datetime,
    ) -> str | None:
        """Add to `messages` what tells of a case; return why it cannot be told."""
        notices = None
        if one.reason == "notice":
            approvals = self._config.takedown.second_approver
            notices = to_tell(session, case_id, one.created_at, now, approvals=approvals)
            if not (notices.due or notices.answered):
                routed.drop(session, [one.id], note="settled meanwhile", now=now)
                return None
        try:
            detail = found.get(case_id) or case_contents(session, [case_id], now=now)[case_id]
            alert = self._alert(detail, one, route, now, notices)
        except (StorageError, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 - a fault in one case must not keep back all the others
            return f"the alert cannot be made ({type(error).__name__})"  # its text may hold anything
        wanted = (route.escalate_to or route.receivers) if one.reason == "escalated" else route.receivers
        if all(key in disabled for key in wanted):
            return f"every receiver of route {one.route} is disabled"
        of_notices = one.reason == "notice"
        heard = {key: told.get((case_id, key, of_notices)) for key in wanted}
        unheard = [key for key, at in heard.items() if at is None or at < one.news_at]
        if not unheard:
            routed.drop(session, [one.id], note="another route told the same receivers", now=now)
            return None
        told.update({(case_id, key, of_notices): one.news_at for key in unheard})
        payload = encode_alert(alert)
        messages[one.id] = [NewDelivery(receiver=key, payload=payload) for key in unheard]  # the disabled ones' wait
        return None

    def _alert(self, detail: CaseDetail, one: Leaving, route: Route, now: datetime, notices: ToTell | None) -> Alert:
        assert one.reason != "digest"
        return build_alert(
            detail,
            one.reason,
            one.count,
            route.language or self._config.alerting.language,
            brand_name=self._names.get(detail.brand, detail.brand),
            at=now,
            notices=notices,
        )

    def _digest(
        self,
        session: Session,
        one: Leaving,
        route: Route,
        disabled: Collection[str],
        messages: dict[int, list[NewDelivery]],
        now: datetime,
    ) -> str | None:
        """Add to `messages` what tells of many cases; return why it cannot be told."""
        if all(key in disabled for key in route.receivers):
            return f"every receiver of route {one.route} is disabled"
        parts = routed.digest_parts(session, one.id)
        shown = {line.id: line for line in summaries(session, _first(parts), now)}
        lines = [
            digest_line(
                shown[part.case_id],
                part.reason,
                part.count,
                brand_name=self._names.get(shown[part.case_id].brand, shown[part.case_id].brand),
            )
            for part in parts
            if part.case_id in shown and part.reason != "digest"
        ]
        since = routed.digest_before(session, one.route, one.fold, one.due_at) if one.fold == SCHEDULED else None
        language = route.language or self._config.alerting.language
        gathered = _GATHERED.get(one.fold, "group")
        messages[one.id] = [
            NewDelivery(
                receiver=key,
                payload=encode_alert(
                    build_digest(
                        lines, language, receiver=key, since=since, at=now, total=len(parts), gathered=gathered
                    )
                ),
            )
            for key in route.receivers
        ]
        return None


_GATHERED: Mapping[str, Gathered] = {SCHEDULED: "time", OVERFLOW: "limit"}  # by fold


def _first(parts: Sequence[DigestPart]) -> list[int]:
    """Return the cases that are named in a digest: of the weightiest reasons, the best scored."""
    ordered = sorted(parts, key=lambda part: (part.reason not in ("relapsed", "escalated"), -part.score, part.case_id))
    return [part.case_id for part in ordered[:MOST_DIGEST]]
