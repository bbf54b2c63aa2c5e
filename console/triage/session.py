"""One session of triage: cases one after another, keys, judgements, undo.

Every judgement also exists as `mekiki judge`. What is judged is what was seen: a case that somebody else changed
meanwhile is shown again with who did what, never overwritten.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from console.triage.drawing import Easel
from console.triage.screens import Screen, Standing
from console.triage.walk import Walk
from desk.acts import ACTS, BY_KEY, MOVES, Act, fitting, judgement_of
from desk.choices import VIEW_NAME, VIEW_NAME_WORDS, NoFilter, read_filters, worded
from desk.dossier import Dossier, read_dossier
from desk.judging import judge_seen, sentence, take_back
from storage.case_list import CaseOrder, count_cases, list_cases, place_of
from storage.case_views import CaseSummary
from storage.cases import CaseNotFound, Judgement
from storage.database import snapshot, transaction
from storage.errors import ViewNotFound
from storage.views import CaseFilters, save_view, saved_view, saved_views

MOST_ITEMS = 200  # shown by "open all"; a campaign may have tens of thousands
PACE_AFTER = timedelta(seconds=30)  # since when judgements an hour say something


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one session did."""

    shown: int = 0
    confirmed: int = 0
    dismissed: int = 0
    snoozed: int = 0
    otherwise: int = 0  # assigned, tagged, noted, sent to takedown ...
    undone: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What one key did, to be taken back at once."""

    act: Act
    cases: Mapping[int, int]  # case -> judgements that it took


class Triage:
    """One session of one person."""

    def __init__(
        self,
        engine: Engine,
        screen: Screen,
        easel: Easel,
        *,
        who: str,
        now: Callable[[], datetime],
        filters: CaseFilters,
        order: CaseOrder = "priority",
        agreed: Callable[[Judgement, datetime], Judgement],
    ) -> None:
        """Begin a session.

        Args:
            engine: the store.
            screen: where things are shown and keys come from.
            easel: what draws pictures.
            who: the person.
            now: the clock.
            filters: which cases, at first.
            order: of the cases.
            agreed: completes a judgement with what the configuration says about it.
        """
        self._engine, self._screen, self._easel = engine, screen, easel
        self._who, self._now, self._order, self._agreed = who, now, order, agreed
        self._done: list[_Done] = []
        self._marks: dict[int, int] = {}  # case -> the last entry of its log that was seen
        self._began = now()
        self._judged = 0
        self.tally = Tally()
        self._choose(filters)

    def run(self) -> Tally:
        """Show cases until the person quits; without a person, until the keys are read."""
        with self._screen.opened():
            case_id = self._walk.next()
            while (going := self._case(case_id) if case_id is not None else self._end()) is not None:
                case_id = going[0]
        return self.tally

    def _choose(self, filters: CaseFilters) -> None:
        """Begin a new walk."""
        self._filters = filters
        mine = filters.of(self._who)

        def load(after: CaseSummary | None, limit: int) -> Sequence[CaseSummary]:
            place = None if after is None else place_of(after, self._order)
            with snapshot(self._engine) as session:
                return list_cases(session, mine, order=self._order, after=place, limit=limit, now=self._now())

        self._walk = Walk(load)
        with snapshot(self._engine) as session:
            self._left = count_cases(session, mine, now=self._now())

    def _case(self, case_id: int) -> tuple[int | None] | None:
        """Show a case until it is left; return which comes next (None: none is left), or None to quit."""
        dossier = self._show(case_id)
        while True:
            key = self._screen.key()
            if key == "o":
                key = self._whole(case_id) or ""
                if not key:
                    dossier = self._show(case_id)
                    continue
            if key in ("", "q"):
                return None
            if key in _SAME:
                key = _SAME[key]
            if key in ("m", "n", "p", "g", "u", "f", "v"):
                if (going := self._moved(key, dossier)) is not None:
                    return going
            elif key in BY_KEY:
                if self._judge(BY_KEY[key], dossier) and not BY_KEY[key].stays:
                    return (self._walk.next(),)
            else:
                self._other(key, dossier)
            dossier = self._show(case_id)

    def _end(self) -> tuple[int | None] | None:
        """Show that nothing is left, until the person quits or there is something again."""
        while True:
            self._screen.over(self._standing(None))
            key = self._screen.key()
            key = _SAME.get(key, key)
            if key in ("", "q"):
                return None
            if key in ("n", "p", "g", "u", "f", "v") and (going := self._moved(key, None)) is not None:
                if going[0] is not None:
                    return going
            elif key == "?":
                self._screen.tell(_help())

    def _moved(self, key: str, dossier: Dossier | None) -> tuple[int | None] | None:
        """Do what a key says that may lead to another case; return that, or None to stay."""
        match key:
            case "m" if dossier is not None:
                return self._mark(dossier)
            case "n":
                return (self._walk.next(),)
            case "p":
                if (before := self._walk.previous()) is not None:
                    return (before,)
                self._screen.say("This is the first one.")
            case "g":
                return self._jump()
            case "u":
                return self._undo(None if dossier is None else dossier.detail.id)
            case "f":
                return self._filter()
            case "v":
                return self._view()
        return None

    def _other(self, key: str, dossier: Dossier) -> None:
        """Do what leads nowhere."""
        if key == "?":
            self._screen.tell(_help())
        elif key == "*":
            self._marks.clear()
            self._screen.say("Nothing is marked any more.")
        elif key == "z":
            with snapshot(self._engine) as session:
                draw = self._easel.ready(dossier, session)
            self._screen.picture(draw)
        else:
            self._screen.say(f"There is no key {key!r}.")

    def _mark(self, dossier: Dossier) -> tuple[int | None] | None:
        case_id = dossier.detail.id
        if case_id in self._marks:
            del self._marks[case_id]
            self._screen.say(f"Case {case_id} is not marked any more.")
            return None
        self._marks[case_id] = dossier.detail.log_id
        self._screen.say(f"Case {case_id} marked.")
        return (self._walk.next(),)

    def _jump(self) -> tuple[int | None] | None:
        answer = self._screen.ask("Case number")
        if answer is None:
            return None
        if not (answer.isascii() and answer.isdecimal()):
            self._screen.say("Expected the number of a case.")
            return None
        with snapshot(self._engine) as session:
            try:
                read_dossier(session, int(answer), now=self._now())
            except CaseNotFound as error:
                self._screen.say(sentence(str(error)))
                return None
        self._walk.visit(int(answer))
        return (int(answer),)

    def _filter(self) -> tuple[int | None] | None:
        answer = self._screen.ask(
            "Cases (brand: source: kind: state: score: tag: assignee: younger: …, or words of a title; - all)"
        )
        if answer is None:
            return None
        try:
            self._choose(read_filters("" if answer == "-" else answer))
        except NoFilter as error:
            self._screen.say(sentence(str(error)))
            return None
        self._screen.say(f"{_cases(self._left)}.")
        return (self._walk.next(),)

    def _view(self) -> tuple[int | None] | None:
        with snapshot(self._engine) as session:
            names = [view.name for view in saved_views(session)]
        answer = self._screen.ask(f"View ({', '.join(names) or 'none is saved'}), or +NAME to save this one")
        if answer is None:
            return None
        if answer.startswith("+"):
            self._keep(answer.removeprefix("+").strip())
            return None
        with snapshot(self._engine) as session:
            try:
                view = saved_view(session, answer)
            except ViewNotFound as error:
                self._screen.say(sentence(str(error)))
                return None
        self._choose(view.filters)
        self._screen.say(f"View {view.name}: {_cases(self._left)}.")
        return (self._walk.next(),)

    def _keep(self, name: str) -> None:
        if not VIEW_NAME.fullmatch(name):
            self._screen.say(f"Not saved: {VIEW_NAME_WORDS}.")
            return
        with transaction(self._engine) as session:
            save_view(session, name, self._filters, who=self._who, now=self._now())
        self._screen.say(f"View {name} saved: {worded(self._filters) or 'all that waits'}.")

    def _whole(self, case_id: int) -> str | None:
        with snapshot(self._engine) as session:
            dossier = read_dossier(session, case_id, now=self._now(), items=MOST_ITEMS)
        return self._screen.whole(dossier)

    # --- judging ------------------------------------------------------------------------------------------------

    def _judge(self, act: Act, dossier: Dossier) -> bool:
        """Judge the case at hand, or all that are marked; tell whether it was done."""
        seen = dict(self._marks) or {dossier.detail.id: dossier.detail.log_id}
        made = judgement_of(act, self._screen, who=self._who, now=self._now())
        if not isinstance(made, Judgement):
            self._screen.say(made or f"Not {act.done}.")
            return False
        made = self._agreed(made, self._now())
        if self._marks and self._screen.choose(f"All {len(seen)} marked cases: {act.label}?", {"y": "yes"}) is None:
            self._screen.say(f"Not {act.done}; still marked.")
            return False
        judged = judge_seen(self._engine, seen, made, self._now)
        done, problems = judged.done, judged.problems
        self.tally.conflicts += len(judged.changed)
        for case_id in (*done, *judged.changed):  # what has changed has to be seen first
            self._marks.pop(case_id, None)
        if done:
            self._done.append(_Done(act=act, cases=done))
            self._count(act, len(done))
        which = f"Case {next(iter(done))}" if len(done) == 1 else f"{len(done)} cases"
        told = [f"{which} {act.done}" + (f" ({made.reason})" if made.reason else "") + "."] if done else []
        self._screen.say(" ".join([*told, *problems]))
        return dossier.detail.id in done

    def _count(self, act: Act, cases: int) -> None:
        name = act.done if act.done in ("confirmed", "dismissed", "snoozed") else "otherwise"
        setattr(self.tally, name, getattr(self.tally, name) + cases)
        if not act.stays:
            self._judged += cases
            self._left = max(0, self._left - cases)

    def _undo(self, at: int | None) -> tuple[int | None] | None:
        """Take back what the last key did, on all its cases, and show the first of them."""
        if not self._done:
            self._screen.say("Nothing to undo in this session.")
            return None
        last = self._done.pop()
        judged = take_back(self._engine, last.cases, who=self._who, now=self._now)
        back, problems = list(judged.done), judged.problems
        if len(last.cases) > 1:
            self._marks.update(judged.done)  # as they were
        if back:
            self.tally.undone += len(back)
            self._count_back(last.act, len(back))
            which = f"Case {back[0]}: " if len(back) == 1 else f"{len(back)} cases: "
            problems.insert(0, f"{which}{last.act.label} taken back.")
        self._screen.say(" ".join(problems))
        if not back or back == [at]:
            return None
        self._walk.visit(back[0])
        return (back[0],)

    def _count_back(self, act: Act, cases: int) -> None:
        if not act.stays:
            self._judged -= cases
            self._left += cases

    # --- showing ------------------------------------------------------------------------------------------------

    def _show(self, case_id: int) -> Dossier:
        with snapshot(self._engine) as session:
            dossier = read_dossier(session, case_id, now=self._now())
            draw = self._easel.ready(dossier, session)
        self.tally.shown += 1
        self._screen.case(dossier, self._standing(dossier), draw, self._now())
        return dossier

    def _standing(self, dossier: Dossier | None) -> Standing:
        lasted = self._now() - self._began
        acts: Sequence[Act] = ()
        if dossier is not None:
            acts = fitting(dossier.detail.state, "asked" if dossier.detail.takedown_asked else "none")
        return Standing(
            acts=acts,
            marked=dossier is not None and dossier.detail.id in self._marks,
            marks=len(self._marks),
            judged=self._judged,
            an_hour=round(self._judged / (lasted / timedelta(hours=1))) if lasted >= PACE_AFTER else None,
            left=self._left,
            chosen=worded(self._filters),
        )


_SAME: Mapping[str, str] = {
    " ": "m", "enter": "n", "right": "n", "down": "n", "pagedown": "n", "left": "p", "up": "p", "pageup": "p",
}  # fmt: skip


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _help() -> list[str]:
    acts: list[Any] = [(act.key, f"{act.label}: {act.says}") for act in ACTS]
    return [f"{key}  {says}" for key, says in (*acts, *MOVES.items())]
