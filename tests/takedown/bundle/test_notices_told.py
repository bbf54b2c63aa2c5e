"""What a bundle tells of notices that did not arrive, and of who has likely taken a page away."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.message import Language
from storage.case_views import LogEntry
from storage.database import snapshot
from takedown.bundle.compose import compose
from takedown.bundle.gather import gather
from takedown.story import tell_story
from tests.takedown.bundle.bundles import LATER
from tests.takedown.bundle.test_pages import texts
from tests.takedown.desk import filed_notice
from tests.takedown.stage import LINK, Stage


@pytest.mark.parametrize(
    ("language", "lost", "by", "gone"),
    [
        ("en", "did not arrive", "likely by the registrar", "Gone: 1"),
        ("ja", "届いていません", "レジストラの対応による見込み", "削除確認: 1"),
    ],
)
def test_a_bundle_credits_what_arrived_and_says_who_has_likely_acted(
    stage: Stage, tmp_path: Path, language: Language, lost: str, by: str, gone: str
) -> None:
    (tmp_path / "work").mkdir()
    view = filed_notice(stage)
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=LATER)
        gathered = gather(session, stage.media, story, tmp_path / "work")
    down: dict[str, Any] = {"state": "down", "down_at": LATER, "down_by": "mekiki"}
    notices = replace(view, **down, gone_by="registrar"), replace(view, **down, lost_at=LATER)
    data = {"url": LINK, "by": "registrar"}
    entry = LogEntry(id=9999, at=LATER, who="mekiki", action="recheck", reason="down", note="", data=data)
    case = replace(story.case, log=(*story.case.log, entry))
    told = compose(
        replace(story, case=case, notices=notices), gathered, {}, stage.config, language, channels={}, now=LATER
    )
    said = list(texts(told))
    assert sum(by in one for one in said) == 2, "of the notice, and in the case's log"
    assert sum(lost in one for one in said) == 1
    assert gone in said
