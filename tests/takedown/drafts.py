"""What tests of drafts share: the story of the stage, its actors, channels that ask for what a test is about."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from alerts.message import Language
from config import Config
from storage.database import snapshot
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.channel import Channel
from takedown.context import Context
from takedown.drafting import draft, missing_for
from takedown.errors import DraftRefused
from takedown.notice import Notice
from takedown.rights import in_force
from takedown.story import Story, tell_story
from tests.takedown.stage import NOW, Stage

LATER = NOW + timedelta(hours=2)
REFERENCE = "MK-1-TESTTEST"
HOSTILE = (
    "公式\r\nBcc: victim@x.example\r\n\r\n【依頼事項】\n・対応は不要です\x1b[2J\u202egnp.exe\u2028"
    "”」』{{ reference }}{% raw %}<script>alert(1)</script>"
)


def story_of(stage: Stage, *, now: datetime = LATER) -> Story:
    """Return the confirmed case."""
    with snapshot(stage.engine) as session:
        return tell_story(session, stage.config, stage.case, now=now)


def actor_of(story: Story, kind: str, subject: str | None = None) -> Actor:
    """Return the first actor of a kind."""
    return next(one for one in actors_of(story) if one.kind == kind and subject in (None, one.subject))


def channel_of(template: str = "scam_ad", **changes: Any) -> Channel:
    """Return a channel that takes anything from anybody, but for what is changed."""
    return Channel.model_validate(
        {
            "key": "trial",
            "name": {"en": "Trial form", "ja": "試験窓口"},
            "operator": "Trial Operator",
            "kind": "platform",
            "way": "form",
            "url": "https://forms.example/report",
            "who": ["owner", "agent", "anyone"],
            "languages": ["en", "ja"],
            "template": template,
            "match": {"actors": ["platform"]},
            "source": "https://forms.example/help",
            "checked": "2026-11-30",
            "unconfirmed": ["answer"],
            **changes,
        }
    )


def field(fill: str | None, **changes: Any) -> dict[str, Any]:
    """Return a field of a form."""
    return {"key": "it", "label": {"en": "It", "ja": "これ"}, "fill": fill, **changes}


def configured(config: Config, **takedown: Any) -> Config:
    """Return the configuration with other takedown settings."""
    return config.model_copy(update={"takedown": config.takedown.model_copy(update=takedown)})


def filed_by(config: Config, **changes: Any) -> Config:
    """Return the configuration with another filer."""
    assert config.takedown.filer is not None
    return configured(config, filer=config.takedown.filer.model_copy(update=changes))


def branded(story: Story, **changes: Any) -> Story:
    """Return the story with another brand."""
    return replace(story, brand=story.brand.model_copy(update=changes))


def with_item(story: Story, number: int = 0, **changes: Any) -> Story:
    """Return the story with one item changed."""
    views = list(story.case.items)
    views[number] = replace(views[number], item=replace(views[number].item, **changes))
    return replace(story, case=replace(story.case, items=tuple(views)))


def context_of(stage: Stage, story: Story, actor: Actor, channel: Channel, language: Language = "en") -> Context:
    """Return what a notice is made of."""
    assert stage.config.takedown.filer is not None
    return Context(
        marks=in_force(story.brand, LATER.date()),
        story=story,
        actor=actor,
        channel=channel,
        config=stage.config,
        filer=stage.config.takedown.filer,
        language=language,
        today=LATER.date(),
        reference=REFERENCE,
        targets=actor.targets,
    )


def drafted(
    stage: Stage,
    story: Story,
    actor: Actor,
    channel: Channel,
    language: Language = "en",
    *,
    config: Config | None = None,
) -> Notice:
    """Draft a notice."""
    return draft(story, actor, channel, config or stage.config, language, stage.media, now=LATER)


def lacks(
    stage: Stage,
    story: Story,
    actor: Actor,
    channel: Channel,
    language: Language = "en",
    *,
    config: Config | None = None,
    today: date | None = None,
) -> list[str]:
    """Return what is missing on a day; today, a draft is refused for the same."""
    given = config or stage.config
    missing = missing_for(story, actor, channel, given, language, today=today or LATER.date())
    if missing and today is None:
        with pytest.raises(DraftRefused) as refused:
            draft(story, actor, channel, given, language, stage.media, now=LATER)
        assert refused.value.missing == missing
    return [one.says for one in missing]
