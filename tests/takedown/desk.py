"""What the tests of filing share: a desk over the stage, drafts made by the real code, other configurations."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from alerts.gate import Gate
from config import Config
from safety.egress import EgressRule
from storage.database import snapshot, transaction
from storage.errors import NoticeRefused
from storage.judgements import Judgement, judge
from storage.notice_views import NoticeView
from storage.notices import begin_sending, filed, notice, save_draft
from storage.schema import Case
from takedown.actors import actors_of
from takedown.catalogue import Catalogue, load_catalogue
from takedown.channel import Channel
from takedown.drafting import draft
from takedown.errors import FilingRefused
from takedown.filing import Desk, file_notice
from takedown.story import tell_story
from tests.takedown.stage import NOW, Stage

LATER = NOW + timedelta(hours=2)
SHIPPED = load_catalogue(None)
ABUSE = "abuse@registrar.example"


def desk_of(stage: Stage, port: int = 1, *, allow: int | None = None, seconds: float = 15.0, **more: Any) -> Desk:
    """Return a desk whose relay listens on a port of this machine."""
    rule = EgressRule.parse([] if allow is None else [f"127.0.0.1:{allow}"])
    fields = {"config": with_mail(stage.config, port=port), "catalogue": SHIPPED, "now": lambda: LATER, **more}
    return Desk(
        engine=stage.engine, media=stage.media, gate=Gate(rule=rule, timeout=timedelta(seconds=seconds)), **fields
    )


def with_mail(config: Config, **values: Any) -> Config:
    """Return the configuration with other values in [takedown.mail]."""
    assert config.takedown.mail is not None
    return with_takedown(config, mail=config.takedown.mail.model_copy(update=values))


def with_takedown(config: Config, **values: Any) -> Config:
    """Return the configuration with other values in [takedown]."""
    return config.model_copy(update={"takedown": config.takedown.model_copy(update=values)})


def drafted(
    stage: Stage, key: str = "registrar", *, desk: Desk | None = None, at: datetime = LATER, **changes: Any
) -> int:
    """Draft for the first actor that a channel fits; `changes` replace parts of the notice."""
    config = stage.config if desk is None else desk.config
    catalogue = SHIPPED if desk is None else desk.catalogue
    with snapshot(stage.engine) as session:
        story = tell_story(session, config, stage.case, now=at)
    channel = catalogue.get(key)
    actor = next(actor for actor in actors_of(story) if channel in catalogue.fitting(actor))
    written = replace(draft(story, actor, channel, config, channel.languages[0], stage.media, now=at), **changes)
    with transaction(stage.engine) as session:
        return save_draft(session, msgspec.to_builtins(written), who="keiko", now=at)


def view_of(stage: Stage, number: int) -> NoticeView:
    """Return a notice as it stands."""
    with snapshot(stage.engine) as session:
        return notice(session, number)


def changed(key: str, **values: Any) -> Catalogue:
    """Return the shipped catalogue with other values in one entry."""
    channels = {channel.key: channel for channel in SHIPPED}
    row = channels[key].model_dump(exclude_unset=True) | values
    return Catalogue({**channels, key: Channel.model_validate(row)})


def filed_notice(stage: Stage, key: str = "registrar", *, theirs: str | None = None) -> NoticeView:
    """Put a notice on record as filed, without sending it."""
    number = drafted(stage, key)
    view = view_of(stage, number)
    with transaction(stage.engine) as session:
        if session.get_one(Case, stage.case).state == "confirmed":
            judge(session, stage.case, Judgement(who="keiko", action="takedown", approvers=()), now=LATER)
        begin_sending(session, number, who="keiko", approvers=(), now=LATER)
        by_mail = SHIPPED.get(key).way == "email"
        return filed(
            session,
            number,
            who="keiko",
            now=LATER,
            due=timedelta(days=7),
            theirs=theirs,
            message_id=f"<{view.reference}@hoshino-denki.example>" if by_mail else None,
        )


def refused(desk: Desk, number: int, who: str = "keiko", **more: Any) -> str:
    """Return why a notice is not filed; it stays a draft, and nothing is on its way."""
    with pytest.raises((FilingRefused, NoticeRefused)) as caught:
        file_notice(desk, number, who=who, **more)
    return str(caught.value)
