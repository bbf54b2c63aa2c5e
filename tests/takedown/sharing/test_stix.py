"""Cases as STIX 2.1, as the validator of the committee sees it."""

import json
import re
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from stix2patterns.v21.pattern import Pattern  # type: ignore[import-untyped]
from stix2validator import ValidationOptions, validate_string

from config.sharing import Part, Tlp
from safety.screen import screen
from takedown.sharing.errors import NotInstalled
from takedown.sharing.select import Shared
from takedown.sharing.stix import pattern, stix_of
from tests.takedown.sharing.hostile import AT, TEXT, case, hostile_cases, thing
from tests.takedown.sharing.stories import peopled, shared
from tests.takedown.stage import SHOP, Stage

STRICT = ValidationOptions(version="2.1", strict=True)


def problems(text: str) -> list[str]:
    """Return what the validator has to say, recommendations too."""
    result = validate_string(text, STRICT)
    return [str(one) for one in (*getattr(result, "errors", ()), *getattr(result, "warnings", ()))]


def objects(text: str) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in json.loads(text)["objects"]}


def of(text: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(text)["objects"] if one["type"] == kind]


@pytest.mark.parametrize("tlp", get_args(Tlp))
def test_a_real_case_with_everything_is_valid_and_marked(stage: Stage, tlp: Tlp) -> None:
    text = stix_of([shared(stage, peopled(stage), *get_args(Part))], tlp)
    assert problems(text) == []
    [marking] = of(text, "marking-definition")
    assert marking["name"] == f"TLP:{tlp.upper()}"
    assert list(marking["extensions"].values()) == [{"extension_type": "property-extension", "tlp_2_0": tlp}]
    unmarked = [one["id"] for one in objects(text).values() if one.get("object_marking_refs") != [marking["id"]]]
    assert unmarked == [marking["id"]]


def test_frauds_are_indicators_of_the_campaign_and_what_was_passed_is_only_observed(stage: Stage) -> None:
    text = stix_of([shared(stage, peopled(stage))], "amber")
    indicators = of(text, "indicator")
    assert f"[domain-name:value = '{SHOP}']" in {one["pattern"] for one in indicators}
    assert not any("short-hop" in one["pattern"] for one in indicators)
    assert "go.short-hop.test" in {one["value"] for one in of(text, "domain-name")}
    known = objects(text)
    [campaign] = of(text, "campaign")
    ties = {
        (known[tie["source_ref"]]["type"], tie["relationship_type"], tie["target_ref"])
        for tie in of(text, "relationship")
    }
    assert ("indicator", "indicates", campaign["id"]) in ties
    techniques = {one["external_references"][0]["external_id"] for one in of(text, "attack-pattern")}
    assert techniques == {"T1566", "T1583.001"}
    [report] = of(text, "report")
    assert set(report["object_refs"]) == set(known) - {report["id"], of(text, "marking-definition")[0]["id"]}


def test_every_reference_leads_to_an_object_of_the_bundle(stage: Stage) -> None:
    known = objects(stix_of([shared(stage, peopled(stage), *get_args(Part))], "red"))
    for one in known.values():
        refs = [value for key, value in one.items() if key.endswith("_ref")]
        refs += [ref for key, values in one.items() if key.endswith("_refs") for ref in values]
        assert set(refs) <= set(known), one


def test_sharing_again_brings_the_same_objects_up_to_date() -> None:
    first = case(thing())
    again = replace(first, changed_at=first.changed_at + timedelta(days=3), state="down")
    assert stix_of([first], "amber") == stix_of([first], "amber")
    before, after = objects(stix_of([first], "amber")), objects(stix_of([again], "amber"))
    assert set(before) == set(after)
    assert {one["created"] for one in after.values() if "created" in one} == {
        one["created"] for one in before.values() if "created" in one
    }
    moved = {one["type"] for key, one in after.items() if one.get("modified", "") > before[key].get("modified", "")}
    assert {"campaign", "indicator", "report", "observed-data"} <= moved
    [before_it, gone] = [of(stix_of([one], "amber"), "indicator")[0] for one in (first, again)]
    assert "valid_until" not in before_it
    assert gone["valid_until"] == gone["modified"].replace(".000Z", "Z")  # it is down


def test_two_cases_are_one_bundle_with_one_identity() -> None:
    other = case(thing(value="other-sale.test"), id=UUID("0a0a0a0a-5b3e-5c0d-9d0c-8f5a3c1d2e4b"))
    text = stix_of([case(thing()), other], "green")
    assert problems(text) == []
    assert len(of(text, "campaign")) == 2
    assert len([one for one in of(text, "identity") if one.get("contact_information")]) == 1


@given(shared_case=hostile_cases())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_strangers_write_the_bundle_is_valid(shared_case: Shared) -> None:
    text = stix_of([shared_case], "amber")
    assert problems(text) == []
    assert screen(text, lines=True) == text


@given(value=TEXT.filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text)))
def test_a_pattern_holds_any_value_as_one_constant(value: str) -> None:
    written = pattern("url:value", value)
    comparisons = Pattern(written).inspect().comparisons
    assert list(comparisons) == ["url"]
    [(path, operator, constant)] = comparisons["url"]
    assert (path, operator) == (["value"], "=")
    assert re.sub(r"\\(.)", r"\1", constant[1:-1], flags=re.DOTALL) == value


def test_an_indicator_holds_from_when_it_was_first_seen() -> None:
    [indicator] = of(stix_of([case(thing())], "amber"), "indicator")
    assert indicator["valid_from"] == f"{AT:%Y-%m-%dT%H:%M:%S}Z"


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stix2.v21", None)
    monkeypatch.setitem(sys.modules, "stix2", None)
    with pytest.raises(NotInstalled, match=r"^STIX needs more libraries; install mekiki\[sharing\]$"):
        stix_of([case(thing())], "amber")
