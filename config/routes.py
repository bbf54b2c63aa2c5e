"""Routes: which cases go to which receivers, when, and what holds them back."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from rapidfuzz import fuzz, process

from config.fields import BesidePath, Interval, Key, Name, ZoneName
from config.model import Model
from config.quiet import Digest
from detector.items import Kind
from detector.policy import KNOWN

Told = Literal["first", "new_items", "escalated", "relapsed", "repeat", "notice"]
Common = Literal["brand", "source", "kind", "platform", "country", "advertiser"]
State = Literal["open", "confirmed", "snoozed", "takedown", "down", "relapsed"]

_SIGNALS = sorted({*KNOWN, *(name.partition(".")[0] for name in KNOWN)})  # each, and each family


def _known_signals(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value not in _SIGNALS:
            near = process.extractOne(value, _SIGNALS, scorer=fuzz.ratio, score_cutoff=60)
            raise ValueError(f"there is no signal {value!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return values


SignalNames = Annotated[tuple[str, ...], AfterValidator(_known_signals)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Account = Annotated[str, Field(pattern=r"^[^:\s]{1,40}:\S{1,200}$")]


class Matcher(Model):
    """Which cases are meant. All that is given must hold; what is left out matches all."""

    brands: tuple[Key, ...] = ()
    decisions: tuple[Literal["impersonation", "suspicious"], ...] = ()
    states: tuple[State, ...] = ()
    tags: tuple[Name, ...] = ()  # that people gave the case, e.g. a department
    min_score: float = Field(default=0.0, ge=0, le=1)
    min_priority: float = Field(default=0.0, ge=0)
    kinds: tuple[Kind, ...] = ()  # from here on: of one item, which must meet them together
    platforms: tuple[Name, ...] = ()
    sources: tuple[Key, ...] = ()
    countries: tuple[Country, ...] = ()  # where it was shown, e.g. "JP"
    advertisers: tuple[Account, ...] = ()  # PLATFORM:ID
    signals: SignalNames = ()  # why it was flagged: "host.lookalike", or "host" for all of a family


class Route(Matcher):
    """Which cases go to which receivers. Every matching route counts, up to the first that says `stop`."""

    key: Key | None = None  # names it in lists and digests; default: its receivers
    receivers: tuple[Key, ...] = Field(min_length=1)
    stop: bool = False  # no later route is looked at for a case that matches this one
    default: bool = False  # counts only for cases that no other route matches
    reasons: tuple[Told, ...] = (  # what it is told of
        "first",
        "new_items",
        "escalated",
        "relapsed",
        "repeat",
        "notice",
    )
    group_wait: Interval | None = None  # before the first message of a case; default: [alerting]
    group_interval: Interval | None = None  # between later messages of a case; default: [alerting]
    group_by: tuple[Common, ...] = ()  # cases that have these in common are told together; default: each by itself
    most_per_hour: int | None = Field(default=None, ge=1)  # messages; the rest comes as one digest
    repeat_interval: Interval | None = None  # until a case that nobody has judged is told again; default: never
    escalate_after: Interval | None = None  # from the first message; default: when the case is due ([triage])
    escalate_to: tuple[Key, ...] = ()  # receivers of what nobody judged in that time; default: the route's
    language: Literal["en", "ja"] | None = None  # default: [alerting]
    quiet: Key | None = None  # [[quiet]] hours in which nothing is sent; told once they are over
    digest: Digest | None = None  # "daily 09:00" or "weekly Mon 09:00": one message that lists the cases
    empty: bool = False  # send a digest also when there is nothing to tell
    urgent_score: float | None = Field(default=None, ge=0, le=1)  # from which on neither digest nor quiet hours hold
    zone: ZoneName = "Asia/Tokyo"  # of the time of the digest

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.reasons:
            raise ValueError("reasons: expected at least one")
        if self.repeat_interval and "repeat" not in self.reasons:
            raise ValueError('repeat_interval: needs "repeat" among the reasons')
        if (self.escalate_after or self.escalate_to) and "escalated" not in self.reasons:
            raise ValueError('escalate_after, escalate_to: need "escalated" among the reasons')
        if self.empty and not self.digest:
            raise ValueError("empty: is about digests; set digest, too")
        if self.default and self.stop:
            raise ValueError("stop: a default route is the last one anyway")
        if self.default and self.brands:
            raise ValueError("brands: a default route is for what no other route matches; leave out brands or default")
        return self


class Inhibit(Model):
    """While a case that matches `source` is worked on, those that match `target` and share `equal` are not told."""

    source: Matcher
    target: Matcher
    equal: tuple[Common, ...] = Field(min_length=1)  # what both must have in common


class Alerting(Model):
    """How alerts are grouped and worded."""

    group_wait: Interval = Field(default="30s", validate_default=True)  # before the first message of a case
    group_interval: Interval = Field(default="5m", validate_default=True)  # between later messages of a case
    language: Literal["en", "ja"] = "en"
    sources: tuple[Key, ...] = ()  # receivers that hear when a source falls silent or breaks; empty means all
    templates: BesidePath | None = None  # folder with texts of your own for messages (docs/alerts.md)


def named(routes: Sequence[Route]) -> Iterator[tuple[str, Route]]:
    """Yield routes with their names: the key, else the receivers, numbered where that is not unique."""
    seen: dict[str, int] = {}
    for route in routes:
        name = route.key or "+".join(route.receivers)
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), route


def quickest(alerting: Alerting, routes: Sequence[Route]) -> Alerting:
    """Return the shortest wait and interval of any route: intents are due by them, slower routes keep theirs longer."""
    waits = [route.group_wait or alerting.group_wait for route in routes] or [alerting.group_wait]
    intervals = [route.group_interval or alerting.group_interval for route in routes] or [alerting.group_interval]
    return alerting.model_copy(update={"group_wait": min(waits), "group_interval": min(intervals)})
