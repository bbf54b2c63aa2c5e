"""Plans: in which order, what is missing, what was told already, where to begin."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from config import load
from detector.presence import Presence
from storage.database import snapshot
from storage.notice_views import NoticeView
from takedown.actors import actors_of
from takedown.catalogue import load_catalogue
from takedown.context import former_of, unfiled
from takedown.plan import Plan, Step, plan_of
from takedown.story import Story, tell_story
from tests.takedown.desk import filed_notice
from tests.takedown.stage import LINK, NOW, SHOP, Stage
from tests.takedown.ways import ad, journey, telling

SHIPPED = load_catalogue(None)
SHOP_LINK = f"https://{SHOP}/lp"


def story_of(stage: Stage, case: int | None = None) -> Story:
    with snapshot(stage.engine) as session:
        return tell_story(session, stage.config, case or stage.case, now=NOW + timedelta(days=1))


def planned(stage: Stage, story: Story) -> Plan:
    return plan_of(story, SHIPPED, stage.config, today=NOW.date())


def step_of(plan: Plan, effect: str, subject: str | None = None) -> Step:
    [step] = [one for one in plan.steps if one.effect == effect and subject in (None, one.actor.subject)]
    return step


def noticed(story: Story, view: NoticeView, **changes: Any) -> Story:
    return replace(story, notices=(*story.notices, replace(view, **changes)))


def test_steps_come_in_the_order_of_effect_and_two_runs_give_one_plan(stage: Stage) -> None:
    plan = planned(stage, story_of(stage))
    effects = [step.effect for step in plan.steps]
    assert list(dict.fromkeys(effects)) == [
        "platform", "advertiser", "blocklist", "payee", "chat", "host", "cdn", "registrar", "redirect", "registry",
        "report",
    ]  # fmt: skip
    assert [step.number for step in plan.steps] == list(range(1, len(plan.steps) + 1))
    assert plan == planned(stage, story_of(stage))
    assert plan.first is not None
    assert plan.first.number == 1


def test_channels_are_those_of_the_catalogue_in_its_order(stage: Stage) -> None:
    story = story_of(stage)
    plan = planned(stage, story)
    meta = next(actor for actor in actors_of(story) if actor.subject == "meta")
    step = step_of(plan, "platform", "meta")
    assert [way.channel.key for way in step.ways] == [channel.key for channel in SHIPPED.fitting(meta)]
    assert step.ways[0].ready
    assert set(step.ways[0].missing) == set(step.ways[0].channel.languages)
    assert {way.channel.kind for way in step_of(plan, "blocklist").ways} == {"blocklist"}
    reports = step_of(plan, "report").ways
    assert reports
    assert "blocklist" not in {way.channel.kind for way in reports}


def test_what_every_notice_lacks_is_found_once(stage: Stage) -> None:
    opened = planned(stage, story_of(stage, stage.other))
    assert [one.what for one in opened.everywhere()] == ["case"]
    assert "judge it first" in opened.everywhere("ja")[0].says
    assert {step.standing for step in opened.steps} <= {"missing", "nowhere"}
    assert opened.first is None
    assert planned(stage, story_of(stage)).everywhere() == ()
    nobody = stage.config.model_copy(update={"takedown": stage.config.takedown.model_copy(update={"filer": None})})
    lacking = plan_of(story_of(stage), SHIPPED, nobody, today=NOW.date())
    assert [one.what for one in lacking.everywhere()] == ["filer.name"]


def test_what_nobody_asked_for_is_said_with_the_source_that_would(stage: Stage) -> None:
    story = telling([ad(SHOP_LINK)], [journey(SHOP_LINK)])
    plan = planned(stage, story)
    for effect, subject in (("registrar", SHOP), ("host", "203.0.113.7")):
        [note] = step_of(plan, effect).notes
        assert (note.kind, note.values["subject"]) == ("no_source", subject)
    path = stage.folder / "mekiki.toml"
    before = path.read_text("utf-8")
    by_hand = '\n[[source]]\nkey = "by-hand"\nkind = "rdap"\nenabled = false\n'
    for sources, first in (
        (by_hand, "by-hand"),
        (f'{by_hand}\n[[source]]\nkey = "registries"\nkind = "rdap"\n', "registries"),
    ):
        path.write_text(before + sources, "utf-8")
        [note] = step_of(plan_of(story, SHIPPED, load(path), today=NOW.date()), "registrar").notes
        assert (note.kind, note.values["source"]) == ("not_asked", first)


def test_a_case_without_links_and_one_that_nobody_followed_say_so(stage: Stage) -> None:
    assert [note.kind for note in planned(stage, telling([ad()])).notes] == ["no_landing"]
    assert [note.kind for note in planned(stage, telling([ad(SHOP_LINK)])).notes] == ["not_followed"]
    assert planned(stage, telling([ad(SHOP_LINK)], [journey(SHOP_LINK)])).notes == ()
    left = planned(stage, telling([ad(SHOP_LINK)], [journey(SHOP_LINK)], item_count=900))
    assert [(note.kind, note.values["count"]) for note in left.notes] == [("items_left", "899")]
    assert planned(stage, telling()).steps == ()


@pytest.mark.parametrize(
    ("state", "changes", "standing"),
    [
        ("draft", {}, "draft"),
        ("filed", {"due_at": NOW + timedelta(days=9)}, "pending"),
        ("filed", {"due_at": NOW}, "overdue"),
        ("acknowledged", {"due_at": None}, "pending"),
        ("information_requested", {}, "asked"),
        ("refused", {"refused_for": "no evidence"}, "refused"),
        ("down", {"down_at": NOW}, "down"),
        ("back", {}, "back"),
        ("back", {"due_at": None}, "ready"),  # filed anew, and that was given up
        ("withdrawn", {}, "ready"),
    ],
)
def test_a_step_stands_as_its_notices_do(stage: Stage, state: str, changes: dict[str, Any], standing: str) -> None:
    view = filed_notice(stage)
    story = replace(story_of(stage), notices=())
    plan = planned(stage, noticed(story, view, state=state, **changes))
    step = step_of(plan, "registrar", SHOP)
    assert step.standing == standing
    assert [notice.id for notice in step.notices] == [view.id]
    assert step.ways[0].notices == step.notices
    assert plan.notices == ()


def test_where_to_begin_passes_over_what_waits_for_others(stage: Stage) -> None:
    view = filed_notice(stage, "meta-brand-rights")
    plan = planned(stage, noticed(replace(story_of(stage), notices=()), view, due_at=NOW + timedelta(days=9)))
    assert step_of(plan, "platform", "meta").standing == "pending"
    assert plan.first is not None
    assert plan.first.actor.subject == "youtube"


def test_a_refusal_waits_for_us_and_an_answer_under_way_does_not(stage: Stage) -> None:
    view = filed_notice(stage, "meta-brand-rights")
    story = replace(story_of(stage), notices=())
    refused = planned(stage, noticed(story, view, state="refused", refused_for="x", settled_at=NOW)).first
    assert refused is not None
    assert refused.actor.subject == "meta"
    assert refused.ways[1].ready, "another channel can be tried"


def test_a_notice_of_an_actor_that_is_known_by_another_name_now_is_found_by_what_it_asked_for(stage: Stage) -> None:
    view = filed_notice(stage)
    story = replace(story_of(stage), notices=())
    renamed = planned(stage, noticed(story, view, subject="old.test"))
    assert step_of(renamed, "registrar", SHOP).standing == "pending"
    foreign = planned(stage, noticed(story, view, subject="short-hop.test"))
    assert step_of(foreign, "registrar", SHOP).notices == (), "another actor's own"
    stray = planned(stage, noticed(story, view, subject="gone.test", targets=("gone.test",)))
    assert [notice.id for notice in stray.notices] == [view.id]


def test_what_is_gone_already_needs_no_notice_but_an_ad_outlives_its_page(stage: Stage) -> None:
    story = telling([ad(SHOP_LINK)], [journey(SHOP_LINK)])
    gone = replace(story, presences={SHOP_LINK: Presence(state="down", says="answered 404")})
    plan = planned(stage, gone)
    assert step_of(plan, "host").standing == step_of(plan, "registrar").standing == "gone"
    assert step_of(plan, "platform").standing in ("ready", "missing")
    back = planned(stage, replace(story, presences={SHOP_LINK: Presence(state="relapsed", says="")}))
    assert step_of(back, "host").standing != "gone"


def test_links_of_a_step_are_those_of_the_case(stage: Stage) -> None:
    assert LINK in step_of(planned(stage, story_of(stage)), "registrar", SHOP).actor.links


def test_a_notice_that_did_not_arrive_is_no_earlier_one_and_its_targets_are_not_asked_for(stage: Stage) -> None:
    view = filed_notice(stage)
    story = story_of(stage)
    actor = step_of(planned(stage, story), "registrar", SHOP).actor
    channel = load_catalogue(None).get(view.channel)
    assert former_of(story, channel, actor) == (view,)
    assert unfiled(story, channel, actor) == ()
    returned = noticed(replace(story, notices=()), view, lost_at=NOW)
    assert former_of(returned, channel, actor) == ()
    assert unfiled(returned, channel, actor) == actor.targets
