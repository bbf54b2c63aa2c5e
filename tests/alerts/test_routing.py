from pathlib import Path
from typing import Any

import pytest

from alerts.routing import receivers_for
from tests.alerts.samples import case, config_of, item, view

RECEIVERS = [{"key": key, "channel": "slack", "url": "env:SLACK"} for key in ("legal", "ads", "all", "late")]


def chosen(tmp_path: Path, *routes: Any) -> tuple[str, ...]:
    mixed = case(
        view(1, sources=("news-ads",), score=0.8),
        view(2, item=item(kind="domain"), sources=("tips",), score=0.5),
    )
    return receivers_for(config_of(tmp_path, RECEIVERS, routes), mixed)


def test_every_matching_route_counts_and_a_receiver_is_named_once(tmp_path: Path) -> None:
    routes = ({"receivers": ["legal", "all"]}, {"receivers": ["all", "ads"], "brands": ["hoshino"]})
    assert chosen(tmp_path, *routes) == ("legal", "all", "ads")


def test_no_route_means_nobody(tmp_path: Path) -> None:
    assert chosen(tmp_path) == ()


@pytest.mark.parametrize(
    ("wish", "met"),
    [
        ({"brands": ["hoshino"]}, True),
        ({"brands": ["other"]}, False),
        ({"kinds": ["ad"]}, True),
        ({"kinds": ["post"]}, False),
        ({"sources": ["tips"]}, True),
        ({"sources": ["feeds"]}, False),
        ({"min_score": 0.8}, True),
        ({"min_score": 0.81}, False),
        ({"kinds": ["ad"], "sources": ["news-ads"]}, True),
        ({"kinds": ["ad"], "sources": ["tips"]}, False),  # one item must meet both
    ],
)
def test_every_wish_of_a_route_must_be_met(tmp_path: Path, wish: dict[str, object], met: bool) -> None:
    assert chosen(tmp_path, {"receivers": ["legal"], **wish}) == (("legal",) if met else ())
