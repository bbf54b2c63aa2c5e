"""The tables, as typed models. The migrations create them; a test proves that both agree.

What was seen is append-only (items, versions, sightings, verdicts); what people decided is append-only too
(case_log), and what was done with evidence (custody): both are guarded by triggers. `cases.state` and its
neighbours are the log's outcome, written in the same transaction. Keys made of hostile text are unique through
a digest (`identity`), because PostgreSQL indexes no text over 2.7 kB.
"""

from detector.harm import Harm
from storage.schema.alerts import (
    PENDING_ESCALATED,
    PENDING_ITEMS,
    PENDING_NOTICE,
    PENDING_OTHER,
    PENDING_ROUTED,
    AlertIntent,
    Attempt,
    Delivery,
    DeliveryState,
    Held,
    IntentReason,
    IntentState,
    ReceiverState,
    SilenceRow,
)
from storage.schema.base import Base
from storage.schema.board import AccountRow, AnsweredRow, BoardSessionRow, DenialRow, Means, SignInFailureRow
from storage.schema.campaigns import (
    CampaignBand,
    CampaignKeyRow,
    CaseJoin,
    CaseKey,
    CasePair,
    ItemKey,
    JoinedBy,
    PairState,
)
from storage.schema.cases import Case, CaseItem, CaseLog, CaseSource, CaseState, RegisterRow
from storage.schema.contacts import ContactKind, ContactRow
from storage.schema.notices import NoticeReply, NoticeRow, NoticeState
from storage.schema.proof import CustodyRow, StampRow, VisitRow
from storage.schema.seen import (
    CursorRow,
    FetchStateRow,
    HostTurn,
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
    "PENDING_ESCALATED",
    "PENDING_ITEMS",
    "PENDING_NOTICE",
    "PENDING_OTHER",
    "PENDING_ROUTED",
    "AccountRow",
    "AlertIntent",
    "AnsweredRow",
    "Attempt",
    "Base",
    "BoardSessionRow",
    "CampaignBand",
    "CampaignKeyRow",
    "Case",
    "CaseItem",
    "CaseJoin",
    "CaseKey",
    "CaseLog",
    "CasePair",
    "CaseSource",
    "CaseState",
    "ContactKind",
    "ContactRow",
    "CursorRow",
    "CustodyRow",
    "Delivery",
    "DeliveryState",
    "DenialRow",
    "FetchStateRow",
    "Harm",
    "Held",
    "HostTurn",
    "IntentReason",
    "IntentState",
    "ItemKey",
    "ItemRow",
    "ItemVersion",
    "JoinedBy",
    "Means",
    "NoticeReply",
    "NoticeRow",
    "NoticeState",
    "PairState",
    "Picture",
    "ReceiverState",
    "RegisterRow",
    "RegistrationRow",
    "Run",
    "RunOutcome",
    "SavedViewRow",
    "Sighting",
    "SignInFailureRow",
    "SilenceRow",
    "StampRow",
    "VerdictRow",
    "VersionPicture",
    "VisitRow",
]
