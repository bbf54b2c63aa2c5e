"""What a person reads of a plan of takedowns: where to begin, and step by step who can act, where, and what lacks."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from alerts.message import Language
from alerts.words import WORDS as ALERT_WORDS
from config.fields import length_text
from desk.inert import inert, inert_url
from desk.plan_words import WORDS, PlanWords
from detector.hosts import parse_host
from safety.screen import defang, screen
from storage.case_views import CaseDetail
from storage.notice_steps import OPEN
from storage.notice_views import NoticeView
from takedown.actor import Actor
from takedown.channel import Channel
from takedown.notice import Missing
from takedown.plan import Note, Plan, Standing, Step, Way
from takedown.translation import odd_in

SHOWN_TARGETS = 2
INDENT = 5
_STYLE: dict[Standing, str] = {
    "back": "bold red",
    "asked": "bold red",
    "overdue": "bold red",
    "pending": "cyan",
    "refused": "yellow",
    "down": "green",
    "gone": "green",
    "draft": "bold",
    "ready": "bold",
    "missing": "yellow",
    "nowhere": "dim",
}


class PlanPage:
    """One plan as it is shown."""

    def __init__(
        self, plan: Plan, case: CaseDetail, *, language: Language | None, zone: ZoneInfo, full: bool = False
    ) -> None:
        """Take the plan.

        Args:
            plan: what to do.
            case: for its title and state.
            language: of the page, and of notices where it is read there; None: English, and what is read best there.
            zone: of the team, in which days are told.
            full: every channel with all that it lacks, not only the best of each step.
        """
        self._plan, self._case, self._language, self._zone, self._full = plan, case, language, zone, full
        self._words: PlanWords = WORDS[language or "en"]
        self._everywhere = frozenset(plan.everywhere(language))

    def group(self) -> Group:
        """Return the page."""
        return Group(*self._parts())

    def _parts(self) -> Iterator[RenderableType]:
        words, case, plan = self._words, self._case, self._plan
        state = ALERT_WORDS[self._language or "en"].states[case.state]
        yield Text(words.title.format(case=case.id, brand=case.brand, state=state), "bold")
        yield Text(inert(case.title, limit=200))
        for note in plan.notes:
            yield Text(self._note(note), "yellow")
        if plan.steps:
            counts = Counter(step.standing for step in plan.steps)
            told = (f"{words.standings[standing]} {counts[standing]}" for standing in _STYLE if counts[standing])
            yield Text(" · ".join(told), "dim")
        else:
            yield Text(words.nothing)
        if self._everywhere:
            yield Text(words.everywhere, "bold yellow")
            yield from (self._lacking(one, 2) for one in plan.everywhere(self._language))
        if plan.first is not None:
            yield Text(words.begin.format(number=plan.first.number, what=words.kinds[plan.first.effect]), "bold")
        for step in plan.steps:
            yield Text()
            yield from self._step(step)
        if plan.notices:
            yield Text(f"\n{words.strays}", "bold")
            yield from (_indented(self._notice(one)) for one in plan.notices)
        yield from self._commands()

    def _step(self, step: Step) -> Iterator[RenderableType]:
        words = self._words
        who = self._who(step.actor)
        yield Text.assemble(
            (f"{step.number:>3}  ", "bold"),
            (words.kinds[step.effect], "bold"),
            f"  {who}  " if who else "  ",
            (f"[{words.standings[step.standing]}]", _STYLE[step.standing]),
        )
        yield _indented(Text(words.why[step.effect], "dim"))
        targets = list(self._targets(step.actor))
        if targets:
            yield from (_indented(Text(line)) for line in targets)
        yield from (_indented(Text(self._note(note), "yellow")) for note in step.notes)
        yield from (_indented(self._notice(notice)) for notice in step.notices)
        complete = (position for position, way in enumerate(step.ways) if not self._lacks(way))
        best = next(complete, 0)
        for position, way in enumerate(step.ways):
            yield from self._way(way, best=position == best)
        if not step.ways:
            yield _indented(Text(words.no_channel, "dim"))

    def _who(self, actor: Actor) -> str:
        if actor.kind == "everyone":
            return ""
        if "handoff" in actor.facts:
            return _shown(actor.subject)
        name = inert(actor.name, limit=60) or f"({self._words.unknown})"
        subject = _shown(actor.subject)
        host = parse_host(actor.subject) if "xn--" in actor.subject else None
        if host is not None and host.unicode != host.ascii:  # as the victims read it
            subject += f" ({inert(host.unicode, limit=100)})"
        return name if subject == name or actor.subject == actor.platform else f"{name}  {subject}"

    def _targets(self, actor: Actor) -> Iterator[str]:
        shown = [target for target in actor.targets if _shown(target) not in (_shown(actor.subject), actor.name)]
        account = actor.subject.partition(":")[2]
        shown = [target for target in shown if target != account]  # it stands in the head
        yield from (_shown(target) for target in shown[:SHOWN_TARGETS])
        left = len(shown) - SHOWN_TARGETS
        if left > 0:
            yield self._words.more.format(count=left)

    def _way(self, way: Way, *, best: bool) -> Iterator[RenderableType]:
        words, channel = self._words, way.channel
        lacks = self._lacks(way)
        mark, style = ("○", "yellow") if lacks else ("●", "green")
        told = (
            words.lacks.format(count=len(lacks))
            if lacks
            else words.but_for_that
            if self._everywhere
            else words.complete
        )
        if lacks and way.complete_in:
            told += words.complete_in.format(language=way.complete_in[0])
        name = getattr(channel.name, self._language or "en")
        head = Text.assemble(
            (f"{mark} ", style), (channel.key, "bold" if best else ""), f"  {inert(name, limit=80)}  ", (told, style)
        )
        if not best and not self._full:
            what = words.between.join(dict.fromkeys(words.missing.get(one.what, one.what) for one in lacks))
            yield _indented(Text.assemble(head, f": {what}" if what else ""))
            return
        yield _indented(head)
        yield _indented(Text(" · ".join(self._facts(channel)), "dim"), INDENT + 2)
        yield from (self._lacking(one, INDENT + 2) for one in lacks)

    def _lacks(self, way: Way) -> list[Missing]:
        """Return what this channel lacks beyond what every one does."""
        return [one for one in way.lacks(self._language) if one not in self._everywhere]

    def _lacking(self, one: Missing, indent: int) -> Padding:
        says = one.in_language(self._language or "en").removeprefix(
            f"{one.what}: "
        )  # else its dot were taken for that of a host
        what = self._words.missing.get(one.what) or screen(one.what, limit=60)
        return _indented(Text(f"- {what}: {inert(says, limit=300)}"), indent)

    def _facts(self, channel: Channel) -> Iterator[str]:
        words = self._words
        yield words.forms[channel.way]
        yield words.may_file.format(who=words.between.join(words.who[one] for one in channel.who))
        yield from (words.needs[right] for right in channel.needs)
        if channel.answer is not None:
            yield words.within.format(length=length_text(channel.answer.within), source=defang(channel.answer.source))
        else:
            yield words.nobody_says
        if channel.deliberate:
            yield words.deliberate
        doubtful = [key for key in channel.unconfirmed if key != "answer"]
        if doubtful:
            yield words.unconfirmed.format(keys=words.between.join(words.keys.get(key, key) for key in doubtful))

    def _notice(self, notice: NoticeView) -> Text:
        words = self._words
        at = (notice.down_at if notice.state == "down" else notice.filed_at) or notice.drafted_at
        state = words.notice_states[notice.state]
        line = words.notice.format(reference=notice.reference, channel=notice.channel, state=state, at=self._day(at))
        if notice.their_reference:
            line += f" ({inert(notice.their_reference, limit=40)})"
        if notice.refused_for and notice.state == "refused":
            line += f": {inert(notice.refused_for, limit=120)}"
        if notice.lost_at is not None:
            return Text(line + words.lost, "bold red")
        if notice.sending_at is not None:
            line += words.try_left.format(at=self._day(notice.sending_at))
        late = notice.due_at is not None and notice.due_at <= self._plan.told_at
        if notice.state in OPEN and notice.due_at is not None:
            line += (words.overdue if late else words.due).format(at=self._day(notice.due_at))
        return Text(line, "bold red" if late and notice.state in OPEN else "cyan")

    def _commands(self) -> Iterator[RenderableType]:
        words, plan = self._words, self._plan
        ready = [way for step in plan.steps for way in step.ways if not way.lacks(self._language)]
        if not ready:
            return
        first = next(
            (way for way in (plan.first.ways if plan.first else ()) if not way.lacks(self._language)), ready[0]
        )
        command = f"mekiki takedown draft {plan.case_id}"
        chosen = f" --language {self._language}" if self._language else ""
        yield Text(f"\n{words.draft}  {command} --all{chosen}")
        yield Text(f"{words.complain}  {command} --channel {first.channel.key}{chosen}")
        if not self._full:
            yield Text(words.full, "dim")

    def _note(self, note: Note) -> str:
        values = dict(note.values)
        if note.kind == "odd":
            values["says"] = odd_in(self._language or "en", values["says"])
        return self._words.notes[note.kind].format(**{name: inert(value, limit=200) for name, value in values.items()})

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()


def _indented(line: Text, indent: int = INDENT) -> Padding:
    return Padding(line, (0, 0, 0, indent), expand=False)


def _shown(text: str) -> str:
    """Return an address, a host, an id or an account as it may stand on a terminal; nothing of it is a link."""
    if "://" in text:
        return inert_url(text, limit=160)
    return inert(text, limit=100)
