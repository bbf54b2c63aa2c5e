"""Takedown from a case's page: who can act, and drafts of notices. Nothing leaves by any of these.

GET  /case/{case}/plan
POST /case/{case}/notices    channel, actor, subject, language, seen, again ("yes")

`seen` marks the open draft that the plan showed, which this one takes the place of: another one is left as it is (409).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.responses import Response

from board.case.explanation import PROFILES_FRESH
from board.case.inertly import Link, link_of
from board.paper import page
from board.refused import told_in
from board.ways import Asked
from config.fields import length_text
from desk.drafting import drafted
from desk.inert import inert
from desk.plan_words import WORDS, PlanWords
from detector.hosts import parse_host
from safety.screen import defang, screen
from storage.database import snapshot
from storage.errors import NoticeRefused
from storage.merging import root_of
from storage.notice_views import mark_of, open_draft
from storage.profiles import wordy_profiles
from takedown.actor import Actor
from takedown.channel import Channel
from takedown.notice import Missing
from takedown.plan import Note, Plan, Standing, Step, Way, plan_of
from takedown.rights import marks_named
from takedown.selection import named
from takedown.story import Story, tell_story
from takedown.translation import odd_in

SHOWN_TARGETS = 3
TONE: dict[Standing, str] = {
    "back": "relapsed", "asked": "suspicious", "overdue": "relapsed", "pending": "open", "refused": "suspicious",
    "down": "down", "gone": "down", "draft": "open", "ready": "official", "missing": "suspicious", "nowhere": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWay:
    """One channel of a step."""

    way: Way
    name: str
    facts: tuple[str, ...]
    lacks: tuple[str, ...]  # beyond what every notice lacks
    complete_in: str | None  # another language in which nothing lacks
    seen: str  # `mark_of` the open draft


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """One step of a plan."""

    step: Step
    who: str
    targets: tuple[Link, ...]
    more: int
    notes: tuple[str, ...]
    ways: tuple[ShownWay, ...]
    best: int  # place of the way that is offered first


def story_of(asked: Asked, case_id: int) -> Story:
    """Return all that is known of a case; of the whole that it is a part of.

    Raises:
        CaseNotFound: there is no such case.
        TakedownError: its brand is not configured any more.
    """
    board = asked.board
    profiles = board.kept.ask(
        "wordy profiles", lambda: wordy_profiles(board.config, board.config.brand), fresh=PROFILES_FRESH, patience=30.0
    )
    with snapshot(board.engine) as session:
        return tell_story(
            session,
            board.config,
            root_of(session, case_id),
            now=asked.now,
            profiles=profiles.value if profiles is not None else (),
        )


def plan(asked: Asked) -> Response:
    """Show who can act on a case."""
    board, case_id = asked.board, asked.request.path_params["case"]
    story = story_of(asked, case_id)
    found = plan_of(story, board.catalogue, board.config, today=board.config.triage.day_of(asked.now))
    writer = _Writer(asked, found)
    return page(
        asked,
        "case/plan_piece.html.j2" if asked.partial else "case/plan.html.j2",
        case=story.case,
        plan=found,
        steps=[writer.step(step) for step in found.steps],
        notes=[writer.note(note) for note in found.notes],
        everywhere=[writer.lacking(one) for one in found.everywhere(asked.words.language)],
        words=WORDS[asked.words.language],
        tone=TONE,
        can_draft=asked.may("analyst") and story.case.state in ("confirmed", "takedown", "down", "relapsed"),
    )


def draft_notice(asked: Asked) -> Response:
    """Draft a notice to a channel, and show it."""
    board, case_id = asked.board, asked.request.path_params["case"]
    channel = board.catalogue.get(asked.text("channel", most=80))
    story = story_of(asked, case_id)
    subject, actor = asked.text("subject"), asked.text("actor", most=40)
    wanted = [
        one
        for one in named(story, board.catalogue, [channel])
        if (not actor or one.actor.kind == actor) and (not subject or one.actor.subject == subject)
    ]
    if len(wanted) != 1:
        raise NoticeRefused(asked.words("case.no_such_way", channel=channel.key))
    chosen = asked.text("language", most=2)
    done = drafted(
        board.engine,
        board.media,
        board.config,
        story,
        wanted[0],
        language="ja" if chosen == "ja" else "en" if chosen == "en" else None,
        marks=marks_named(story.brand, (), board.config.triage.day_of(asked.now)),
        who=asked.person.login,
        now=asked.now,
        again=asked.text("again", most=3) == "yes",
        seen=asked.text("seen", most=64),
    )
    if done.notice is not None:
        return asked.go(f"/notice/{done.notice}")
    lacks = [inert(one.in_language(asked.words.language), limit=400) for one in done.missing]
    says = "" if lacks else inert(told_in(asked.words.language, done.error or ""), limit=500)
    return page(
        asked,
        "case/not_drafted.html.j2",
        status=422,
        case_id=story.case.id,
        channel=channel,
        lacks=lacks,
        says=says,
    )


class _Writer:
    """Writes the steps of a plan in the person's language; all of it safe to show."""

    def __init__(self, asked: Asked, plan: Plan) -> None:
        self._language = asked.words.language
        self._words: PlanWords = WORDS[self._language]
        self._everywhere = frozenset(plan.everywhere(self._language))

    def step(self, step: Step) -> ShownStep:
        """Return a step as it is shown."""
        actor = step.actor
        account = actor.subject.partition(":")[2]
        targets = [one for one in actor.targets if one not in (actor.subject, actor.name, account)]
        ways = tuple(self._way(way, actor) for way in step.ways)
        return ShownStep(
            step=step,
            who=self._who(actor),
            targets=tuple(one for target in targets[:SHOWN_TARGETS] if (one := link_of(target, most=160))),
            more=max(0, len(targets) - SHOWN_TARGETS),
            notes=tuple(map(self.note, step.notes)),
            ways=ways,
            best=next((place for place, way in enumerate(ways) if not way.lacks), 0),
        )

    def note(self, note: Note) -> str:
        """Return something to know as a sentence."""
        values = dict(note.values)
        if note.kind == "odd":
            values["says"] = odd_in(self._language, values["says"])
        return self._words.notes[note.kind].format(**{name: inert(value, limit=200) for name, value in values.items()})

    def lacking(self, one: Missing) -> str:
        """Say what is missing, and how to get it."""
        says = one.in_language(self._language).removeprefix(f"{one.what}: ")
        what = self._words.missing.get(one.what) or screen(one.what, limit=60)
        return f"{what}: {inert(says, limit=300)}"

    def _who(self, actor: Actor) -> str:
        if actor.kind == "everyone":
            return ""
        subject = inert(actor.subject, limit=100)
        if "handoff" in actor.facts:
            return subject
        name = inert(actor.name, limit=60) or f"({self._words.unknown})"
        host = parse_host(actor.subject) if "xn--" in actor.subject else None
        if host is not None and host.unicode != host.ascii:  # as the victims read it
            subject += f" ({inert(host.unicode, limit=100)})"
        return name if subject == name or actor.subject == actor.platform else f"{name}  {subject}"

    def _way(self, way: Way, actor: Actor) -> ShownWay:
        lacks = [one for one in way.lacks(self._language) if one not in self._everywhere]
        return ShownWay(
            way=way,
            name=getattr(way.channel.name, self._language),
            facts=tuple(self._facts(way.channel)),
            lacks=tuple(self.lacking(one) for one in lacks),
            complete_in=next(iter(way.complete_in), None) if lacks else None,
            seen=mark_of(open_draft(way.notices, way.channel.key, actor.kind, actor.subject)),
        )

    def _facts(self, channel: Channel) -> Iterator[str]:
        words = self._words
        yield words.forms[channel.way]
        yield words.may_file.format(who=words.between.join(words.who[one] for one in channel.who))
        yield from (words.needs[right] for right in channel.needs)
        if channel.answer is not None:
            source = defang(channel.answer.source)
            yield words.within.format(length=length_text(channel.answer.within), source=source)
        else:
            yield words.nobody_says
        if channel.deliberate:
            yield words.deliberate
        doubtful = [key for key in channel.unconfirmed if key != "answer"]
        if doubtful:
            yield words.unconfirmed.format(keys=words.between.join(words.keys.get(key, key) for key in doubtful))
