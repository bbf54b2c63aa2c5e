"""What changed between a draft and its filing stops it: in one line, and nothing leaves."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from storage.database import transaction
from storage.judgements import Judgement, judge
from storage.notices import withdraw
from tests.servers.mail import MailSink
from tests.takedown.desk import LATER, changed, desk_of, drafted, refused, view_of
from tests.takedown.stage import Stage


def dismissed(stage: Stage, number: int) -> str:
    with transaction(stage.engine) as session:
        judge(session, stage.case, Judgement(who="keiko", action="dismiss", reason="reseller"), now=LATER)
    return "is dismissed; is it not? `mekiki judge"


def gone(stage: Stage, number: int) -> str:
    with transaction(stage.engine) as session:
        judge(session, stage.case, Judgement(who="keiko", action="down"), now=LATER)
    return "is down; what is gone needs no notice"


def withdrawn(stage: Stage, number: int) -> str:
    with transaction(stage.engine) as session:
        withdraw(session, number, who="keiko", now=LATER)
    return f"notice {number} is withdrawn; only a draft is filed"


def media_lost(stage: Stage, number: int) -> str:
    file = view_of(stage, number).content["attachments"][0]
    stage.media.path(file["sha256"]).unlink()
    return f"{file['name']}: the media store has no file"


def media_damaged(stage: Stage, number: int) -> str:
    file = view_of(stage, number).content["attachments"][0]
    path = stage.media.path(file["sha256"])
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    return f"{file['name']}: the file in the media store is damaged"


@pytest.mark.parametrize("meanwhile", [dismissed, gone, withdrawn, media_lost, media_damaged])
def test_what_changed_since_the_draft_stops_it(stage: Stage, meanwhile: Callable[[Stage, int], str]) -> None:
    number = drafted(stage)
    says = meanwhile(stage, number)
    before = view_of(stage, number)
    with MailSink() as sink:
        assert says in refused(desk_of(stage, sink.port), number)
        assert sink.mails == []
    assert view_of(stage, number) == before


def test_a_right_that_has_ended_since_the_draft_stops_it(stage: Stage) -> None:
    number = drafted(stage)
    desk = desk_of(stage, catalogue=changed("registrar", needs=["trademark"]))
    [brand] = desk.config.brand
    ended = brand.trademark[0].model_copy(update={"until": LATER.date() - timedelta(days=1)})
    config = desk.config.model_copy(update={"brand": (brand.model_copy(update={"trademark": (ended,)}),)})
    assert "2026-11-23" in refused(desk_of(stage, config=config, catalogue=desk.catalogue), number)
