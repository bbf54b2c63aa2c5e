"""Selection: which notices are to be drafted: to channels that somebody names, or as a plan has them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerts.message import Language
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.catalogue import Catalogue
from takedown.channel import Channel
from takedown.plan import Plan, Standing
from takedown.story import Story

WAITING: frozenset[Standing] = frozenset(("back", "draft", "ready", "missing"))  # a notice can be drafted, or is wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One notice to be drafted."""

    actor: Actor
    channel: Channel
    language: Language | None = None  # in which it is complete; None: as the channel reads best


def named(story: Story, catalogue: Catalogue, channels: Sequence[Channel]) -> list[Wanted]:
    """Return each channel with the actors that it fits."""
    actors = actors_of(story)
    fit = [(actor, channel) for channel in channels for actor in actors if channel in catalogue.fitting(actor)]
    return _once(Wanted(actor=actor, channel=channel) for actor, channel in fit)


def planned(plan: Plan) -> list[Wanted]:
    """Return the best complete way of each step that waits for us, all of them where many take reports from everybody;
    of a step without one the best, to tell what is missing. What somebody has to decide on by itself is left out.
    """
    found: list[Wanted] = []
    for step in plan.steps:
        ways = [way for way in step.ways if not way.channel.deliberate]
        if step.standing not in WAITING or not ways:
            continue
        ready = [way for way in ways if way.ready]
        some = ready if step.actor.kind == "everyone" else ready[:1]
        for way in some or ways[:1]:
            found.append(Wanted(actor=step.actor, channel=way.channel, language=next(iter(way.complete_in), None)))
    return _once(found)


def _once(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Leave out what a notice to the same channel about the advertiser's platform says already."""
    found = list(wanted)
    platforms = {(one.channel.key, one.actor.platform) for one in found if one.actor.kind == "platform"}
    return [
        one for one in found if one.actor.kind != "advertiser" or (one.channel.key, one.actor.platform) not in platforms
    ]
