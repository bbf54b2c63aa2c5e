"""The tables, as typed models. The migrations create them; a test proves that both agree.

What was seen is append-only (items, versions, sightings, verdicts); what people decided is append-only too
(case_log), and what was done with evidence (custody): both are guarded by triggers. `cases.state` and its
neighbours are the log's outcome, written in the same transaction. Keys made of hostile text are unique through
a digest (`identity`), because PostgreSQL indexes no text over 2.7 kB.
"""

from storage.schema.alerts import (
    PENDING_ITEMS,
    PENDING_REPEAT,
    AlertIntent,
    Attempt,
    Delivery,
    DeliveryState,
    IntentReason,
    IntentState,
    ReceiverState,
)
from storage.schema.base import Base
from storage.schema.cases import Case, CaseItem, CaseLog, CaseState, Harm
from storage.schema.proof import CustodyRow, StampRow, VisitRow
from storage.schema.seen import (
    CursorRow,
    FetchStateRow,
    ItemRow,
    ItemVersion,
    Picture,
    RegistrationRow,
    Run,
    RunOutcome,
    Sighting,
    VerdictRow,
    VersionPicture,
)
from storage.schema.triage import SavedViewRow

__all__ = [
    "PENDING_ITEMS",
    "PENDING_REPEAT",
    "AlertIntent",
    "Attempt",
    "Base",
    "Case",
    "CaseItem",
    "CaseLog",
    "CaseState",
    "CursorRow",
    "CustodyRow",
    "Delivery",
    "DeliveryState",
    "FetchStateRow",
    "Harm",
    "IntentReason",
    "IntentState",
    "ItemRow",
    "ItemVersion",
    "Picture",
    "ReceiverState",
    "RegistrationRow",
    "Run",
    "RunOutcome",
    "SavedViewRow",
    "Sighting",
    "StampRow",
    "VerdictRow",
    "VersionPicture",
    "VisitRow",
]
