"""Plan: what to do about a case, step by step in the order of effect: who can act, where to tell them, what a complete
notice to them lacks, what they were told already. Pure: two runs over one story give one plan.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from alerts.message import Language
from config import Config
from storage.notice_presence import TAKES_AWAY
from storage.notice_steps import OPEN
from storage.notice_views import NoticeView
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.catalogue import Catalogue
from takedown.channel import Channel
from takedown.drafting import missing_for
from takedown.missing import registry_source
from takedown.notice import Missing
from takedown.story import Story

# What a step does, the first ones at once: what leads people in and where they pay is stopped before what takes days.
Effect = Literal[
    "platform",
    "advertiser",
    "blocklist",
    "payee",
    "chat",
    "phone",
    "host",
    "cdn",
    "registrar",
    "redirect",
    "publisher",
    "registry",
    "report",  # associations, authorities, police
]
Standing = Literal[
    "back",  # it was gone after a notice, and is there again
    "asked",  # the other side wants to know more
    "overdue",  # no answer in time
    "pending",
    "refused",
    "down",
    "gone",  # all its links are, and nobody was told
    "draft",
    "ready",  # at least one notice can be drafted as it is
    "missing",
    "nowhere",  # no channel takes complaints about it
]
NoteKind = Literal[
    "not_asked",  # nobody asked a registry for it: {subject}, {source}
    "no_source",  # and no source would: {subject}
    "registry_says",  # instead of facts: {says}
    "behind",  # a content network: {name}
    "odd",  # {says}
    "ended",  # an entry of the register: {says}
    "own_contacts",  # no other mail address is known: {says}
    "of_itself",  # whom the site names for reports: {says}
    "left_out",  # targets: {count}
    "not_followed",  # no link was: {case}
    "no_landing",  # where it leads is not known: {case}
    "items_left",  # that are not looked at: {count}
]
_ORDER: tuple[Effect, ...] = (
    "platform", "advertiser", "blocklist", "payee", "chat", "phone", "host", "cdn", "registrar", "redirect",
    "publisher", "registry", "report",
)  # fmt: skip
# What waits for us, and can be taken on.
OURS: frozenset[Standing] = frozenset(("back", "asked", "overdue", "refused", "draft", "ready"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to know, in words that the page has in both languages."""

    kind: NoteKind
    values: Mapping[str, str] = field(default_factory=dict)  # hostile


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One channel for an actor."""

    channel: Channel
    missing: Mapping[Language, tuple[Missing, ...]]  # by each language that is read there
    notices: tuple[NoticeView, ...] = ()  # that went there about this actor, oldest first

    def lacks(self, preferred: Language | None = None) -> tuple[Missing, ...]:
        """Return what is missing for a notice in the preferred language, or the one that is read best there."""
        known = self.missing.get(preferred) if preferred is not None else None
        return self.missing[self.channel.languages[0]] if known is None else known

    @property
    def ready(self) -> bool:
        """Tell whether a notice is complete in some language."""
        return bool(self.complete_in)

    @property
    def complete_in(self) -> tuple[Language, ...]:
        """The languages in which a notice can be drafted as it is."""
        return tuple(language for language, lacks in self.missing.items() if not lacks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One actor, or one kind of those who take reports from everybody, and what can be done there."""

    number: int  # from 1, in the order of effect
    effect: Effect
    actor: Actor
    standing: Standing
    ways: tuple[Way, ...]  # best first
    notices: tuple[NoticeView, ...]  # about this actor, oldest first, those to channels that fit no more included
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do about a case."""

    case_id: int
    told_at: datetime
    steps: tuple[Step, ...]
    notices: tuple[NoticeView, ...]  # about nobody that is known any more, oldest first
    notes: tuple[Note, ...]

    def everywhere(self, preferred: Language | None = None) -> tuple[Missing, ...]:
        """Return what is missing for every channel: it is told once."""
        lists = [way.lacks(preferred) for step in self.steps for way in step.ways]
        if len(lists) < 2:
            return ()
        common = set(lists[0]).intersection(*lists[1:])
        return tuple(one for one in lists[0] if one in common)

    @property
    def first(self) -> Step | None:
        """Return where to begin: the first step that waits for us and can be taken."""
        return next((step for step in self.steps if step.standing in OURS), None)


def plan_of(story: Story, catalogue: Catalogue, config: Config, *, today: date) -> Plan:
    """Return the plan of a case.

    Args:
        story: the case.
        catalogue: the channels.
        config: who files, and which sources would ask for what is not known.
        today: in the zone of the team.
    """
    taken: set[int] = set()
    parts: list[tuple[Effect, Actor, list[Channel]]] = []
    actors = actors_of(story)
    subjects = {(actor.kind, actor.subject) for actor in actors}
    for actor in actors:
        parts += ((effect, actor, channels) for effect, channels in _effects(actor, catalogue.fitting(actor)))
    steps = []
    for number, (effect, actor, channels) in enumerate(sorted(parts, key=lambda part: _ORDER.index(part[0])), start=1):
        about = _about(story, actor, {channel.key for channel in channels}, subjects)
        taken |= {notice.id for notice in about}
        ways = tuple(_way(story, actor, channel, config, about, today) for channel in channels)
        steps.append(
            Step(
                number=number,
                effect=effect,
                actor=actor,
                standing=_standing(story, actor, ways, about),
                ways=ways,
                notices=about,
                notes=tuple(_notes(actor, config)),
            )
        )
    return Plan(
        case_id=story.case.id,
        told_at=story.told_at,
        steps=tuple(steps),
        notices=tuple(notice for notice in story.notices if notice.id not in taken),
        notes=tuple(_of_all(story)),
    )


def _effects(actor: Actor, channels: Sequence[Channel]) -> Iterator[tuple[Effect, list[Channel]]]:
    """Yield what an actor's channels do; those who take reports from everybody are warned of at once, or told later."""
    if actor.kind != "everyone":
        yield actor.kind, list(channels)
        return
    groups: tuple[tuple[Effect, bool], ...] = (("blocklist", True), ("report", False))
    for effect, wanted in groups:
        found = [channel for channel in channels if (channel.kind == "blocklist") is wanted]
        if found:
            yield effect, found


def _about(
    story: Story, actor: Actor, keys: Collection[str], subjects: Collection[tuple[str, str]]
) -> tuple[NoticeView, ...]:
    """Return the notices about an actor: of its subject; or of something of its, where nobody has their subject now.

    Two steps have those who take reports from everybody: each has what went to its own channels.
    """
    mine = [
        notice
        for notice in story.notices
        if notice.actor == actor.kind
        and (
            notice.subject == actor.subject
            or ((notice.actor, notice.subject) not in subjects and set(notice.targets) & set(actor.targets))
        )
    ]
    if actor.kind == "everyone":
        return tuple(notice for notice in mine if notice.channel in keys)
    return tuple(mine)


def _way(story: Story, actor: Actor, channel: Channel, config: Config, about: Iterable[NoticeView], today: date) -> Way:
    return Way(
        channel=channel,
        missing={one: missing_for(story, actor, channel, config, one, today=today) for one in channel.languages},
        notices=tuple(notice for notice in about if notice.channel == channel.key),
    )


def _standing(story: Story, actor: Actor, ways: Sequence[Way], about: Sequence[NoticeView]) -> Standing:
    """Say how a step stands: what its notices came to, what asks for most first; else whether one can be drafted."""
    latest = {notice.channel: notice for notice in about if notice.state != "withdrawn" and not notice.filed_anew}
    states = {notice.state for notice in latest.values()}
    late = any(one.state in OPEN and one.due_at is not None and one.due_at <= story.told_at for one in latest.values())
    told: tuple[tuple[Standing, bool], ...] = (
        ("back", "back" in states),
        ("asked", "information_requested" in states),
        ("overdue", late),
        ("pending", bool(states & OPEN)),
        ("draft", "draft" in states),
        ("down", "down" in states),
        ("refused", "refused" in states),
        ("gone", _is_gone(story, actor)),
        ("ready", any(way.ready for way in ways)),
        ("missing", bool(ways)),
    )
    return next((standing for standing, holds in told if holds), "nowhere")


def _is_gone(story: Story, actor: Actor) -> bool:
    known = (story.presences.get(link) for link in actor.links)
    sites = actor.kind in TAKES_AWAY  # an ad may outlive where it led
    return sites and bool(actor.links) and all(presence is not None and presence.state == "down" for presence in known)


def _notes(actor: Actor, config: Config) -> Iterator[Note]:
    facts = actor.facts
    known = "address" in facts if actor.kind in ("host", "cdn") else actor.kind == "registrar"
    if known and "asked" not in facts:  # of a site on a service no registry is asked
        source = registry_source(config) or ""
        values = {"subject": facts.get("address", actor.subject), "source": source}
        yield Note(kind="not_asked" if source else "no_source", values=values)
    if "error" in facts:
        yield Note(kind="registry_says", values={"says": facts["error"]})
    if "cdn" in facts:
        yield Note(kind="behind", values={"name": actor.name})
    if "odd" in facts:
        yield Note(kind="odd", values={"says": facts["odd"]})
    if "ended" in facts:
        yield Note(kind="ended", values={"says": facts["ended"]})
    if "own_contacts" in facts:
        yield Note(kind="own_contacts", values={"says": facts["own_contacts"]})
    if "site_contacts" in facts:
        yield Note(kind="of_itself", values={"says": facts["site_contacts"]})
    if "left_out" in facts:
        yield Note(kind="left_out", values={"count": facts["left_out"]})


def _of_all(story: Story) -> Iterator[Note]:
    case = story.case
    if not any(view.item.links or view.item.kind in ("page", "domain") for view in case.items):
        yield Note(kind="no_landing", values={"case": str(case.id)})
    elif not case.visits:
        yield Note(kind="not_followed", values={"case": str(case.id)})
    if case.item_count > len(case.items):
        yield Note(kind="items_left", values={"count": str(case.item_count - len(case.items))})
