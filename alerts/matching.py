"""Matching: which cases a matcher means, and which routes want a case. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from config.routes import Common, Matcher, Route, Told
from storage.case_facts import CaseFacts, ItemFacts
from storage.schema import IntentReason

Named = tuple[str, Route]  # a route with its name


def matches(matcher: Matcher, facts: CaseFacts) -> bool:
    """Tell whether a matcher means the case; one item must meet all that is asked of items."""
    return (
        (not matcher.brands or facts.brand in matcher.brands)
        and (not matcher.decisions or facts.decision in matcher.decisions)
        and (not matcher.states or facts.state in matcher.states)
        and (not matcher.tags or not facts.tags.isdisjoint(matcher.tags))
        and facts.score >= matcher.min_score
        and facts.priority >= matcher.min_priority
        and (any(_meets(matcher, item) for item in facts.items) or not _asks_of_items(matcher))
    )


def matching_routes(routes: Sequence[Named], facts: CaseFacts) -> list[Named]:
    """Return the routes that a case goes to, in their order.

    Every one that matches, up to the first that says `stop`; the default ones where no other matches.
    """
    found = list(_up_to_stop([(name, route) for name, route in routes if not route.default], facts))
    return found or [(name, route) for name, route in routes if route.default and matches(route, facts)]


def wants(route: Route, reason: Told, *, pressing: bool = False) -> bool:
    """Tell whether a route is to be told of cases for this reason; one by hand always is.

    A route with a time of its own after which it escalates hears nothing of the time that was agreed for all.
    """
    if pressing:
        return True
    return reason in route.reasons and not (reason == "escalated" and route.escalate_after is not None)


def fold_of(route: Route, reason: IntentReason, facts: CaseFacts) -> str:
    """Return what a case is told together with: itself, or all that has the route's `group_by` in common with it."""
    if not route.group_by or reason == "escalated":
        return f"case {facts.id}"
    return "; ".join(f"{what} {min(values_of(facts, what), default='-')}" for what in route.group_by)


def values_of(facts: CaseFacts, what: Common) -> frozenset[str]:
    """Return what a case has of something that cases can have in common."""
    if what == "brand":
        return frozenset((facts.brand,))
    return frozenset(value for item in facts.items for value in _OF_ITEM[what](item) if value)


def _up_to_stop(routes: Sequence[Named], facts: CaseFacts) -> Iterator[Named]:
    for name, route in routes:
        if matches(route, facts):
            yield name, route
            if route.stop:
                return


def _meets(matcher: Matcher, item: ItemFacts) -> bool:
    return (
        (not matcher.kinds or item.kind in matcher.kinds)
        and (not matcher.platforms or item.platform in matcher.platforms)
        and (not matcher.sources or not item.sources.isdisjoint(matcher.sources))
        and (not matcher.countries or not item.countries.isdisjoint(matcher.countries))
        and (not matcher.advertisers or item.advertiser in matcher.advertisers)
        and (not matcher.signals or any(_is_one_of(signal, matcher.signals) for signal in item.signals))
    )


def _asks_of_items(matcher: Matcher) -> bool:
    asked = (matcher.kinds, matcher.platforms, matcher.sources, matcher.countries, matcher.advertisers, matcher.signals)
    return any(asked)


def _is_one_of(signal: str, names: Sequence[str]) -> bool:
    """Tell whether a signal is named, by its name or by that of its family."""
    return signal in names or signal.partition(".")[0] in names


_OF_ITEM: Mapping[Common, Callable[[ItemFacts], frozenset[str] | tuple[str | None, ...]]] = {
    "source": lambda item: item.sources,
    "kind": lambda item: (item.kind,),
    "platform": lambda item: (item.platform,),
    "country": lambda item: item.countries,
    "advertiser": lambda item: (item.advertiser,),
}
