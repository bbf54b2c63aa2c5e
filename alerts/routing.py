"""Which receivers a case goes to. Every matching route counts; a receiver is named once, in the order of the routes."""

from config import Config, Route
from storage.case_views import CaseDetail


def receivers_for(config: Config, detail: CaseDetail) -> tuple[str, ...]:
    """Return the keys of the receivers; empty when no route matches."""
    keys = (key for route in config.route if matches(route, detail) for key in route.receivers)
    return tuple(dict.fromkeys(keys))


def matches(route: Route, detail: CaseDetail) -> bool:
    """Tell whether a route wants the case; one item must meet kind and source together."""
    return (
        (not route.brands or detail.brand in route.brands)
        and detail.score >= route.min_score
        and any(
            (not route.kinds or view.item.kind in route.kinds)
            and (not route.sources or not set(view.sources).isdisjoint(route.sources))
            for view in detail.items
        )
    )
