"""Cases as MISP events, read back by the library that MISP's users read them with."""

import json
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from pymisp import MISPEvent

from config.sharing import Part, Tlp
from safety.screen import screen
from takedown.sharing.errors import NotInstalled
from takedown.sharing.misp import misp_of
from takedown.sharing.select import Shared
from tests.takedown.sharing.hostile import case, hostile_cases, thing
from tests.takedown.sharing.stories import peopled, shared
from tests.takedown.stage import SHOP, Stage


def read(text: str) -> Any:
    """Load an event as MISP's library does."""
    event = MISPEvent(strict_validation=True)
    event.from_dict(**json.loads(text))
    return event


def test_only_the_campaigns_own_hosts_and_addresses_are_for_detection(stage: Stage) -> None:
    event = read(misp_of([shared(stage, peopled(stage), *get_args(Part))], "amber"))
    wanted = {(one.type, one.value) for one in event.attributes if one.to_ids}
    assert ("domain", SHOP) in wanted
    assert {kind for kind, _ in wanted} == {"domain", "url"}
    quiet = {(one.type, one.value) for one in event.attributes if not one.to_ids}
    assert {("hostname", "go.short-hop.test"), ("ip-dst", "203.0.113.7"), ("text", "@hoshino-sale88")} <= quiet
    assert {"x509-fingerprint-sha256", "sha256", "phone-number", "text"} <= {kind for kind, _ in quiet}


@pytest.mark.parametrize(
    ("tlp", "distribution"), [("clear", 3), ("green", 2), ("amber", 1), ("amber+strict", 0), ("red", 0)]
)
def test_an_event_goes_as_far_as_its_tlp_says_and_is_not_published(tlp: Tlp, distribution: int) -> None:
    event = read(misp_of([case(thing())], tlp))
    assert f"tlp:{tlp}" in {tag.name for tag in event.tags}
    assert int(event.distribution) == distribution
    assert not event.published
    assert event.Orgc.name == "星野電機株式会社"


def test_sharing_again_brings_the_same_event_up_to_date() -> None:
    first = case(thing(), thing(kind="url", value="https://hoshino-sale.test/a"))
    again = replace(first, changed_at=first.changed_at + timedelta(days=1))
    assert misp_of([first], "amber") == misp_of([first], "amber")
    before, after = read(misp_of([first], "amber")), read(misp_of([again], "amber"))
    assert before.uuid == after.uuid
    assert [one.uuid for one in before.attributes] == [one.uuid for one in after.attributes]
    assert after.timestamp > before.timestamp
    assert all(one.timestamp == after.timestamp for one in after.attributes)


def test_several_cases_are_a_list_of_events() -> None:
    written = json.loads(misp_of([case(thing()), case(thing())], "amber"))
    assert [read(json.dumps(one)).info for one in written["response"]] == [
        "MKS-F6D2B1FA5B3E: impersonation of 星野電機"
    ] * 2


@given(shared_case=hostile_cases())
@settings(max_examples=30, deadline=None)
def test_whatever_strangers_write_the_event_is_read_again_in_ascii(shared_case: Shared) -> None:
    text = misp_of([shared_case], "amber")
    event = read(text)
    assert text.isascii()
    assert len(event.attributes) == len(shared_case.things) + 2  # a registration, a text
    assert all(screen(one.value) == one.value for one in event.attributes)


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymisp", None)
    with pytest.raises(NotInstalled, match=r"^MISP needs more libraries; install mekiki\[sharing\]$"):
        misp_of([case(thing())], "amber")
