"""Agreed: a judgement with what the configuration says about judging and takedowns, for every way of judging."""

from dataclasses import replace
from datetime import datetime

from config import Config
from storage.judgements import Judgement


def agreed(judgement: Judgement, config: Config, now: datetime) -> Judgement:
    """Return the judgement with the end of a dismissal, and with who must approve a takedown."""
    match judgement.action:
        case "dismiss" if judgement.until is None:
            return replace(judgement, until=now + config.triage.suppress)
        case "takedown" | "approve":
            return replace(judgement, approvers=config.takedown.needed)
    return judgement
