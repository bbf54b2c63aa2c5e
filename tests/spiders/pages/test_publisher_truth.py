"""The ads of thirteen real pages, against an annotation made by hand: slots by name, click URLs by hash."""

import hashlib
import json
from pathlib import Path

import pytest

from spiders.pages.ad_rules import load
from spiders.pages.ad_slots import find_slots
from spiders.pages.ads import read_ad
from spiders.pages.encoding import decode
from spiders.pages.outline import Outline
from spiders.pages.reader import read_document
from tests.spiders.pages.publisher_truth import names
from tests.spiders.pages.test_publisher import REAL, REAL_PAGES

TRUTH = json.loads(Path(__file__).with_name("publisher_ads.json").read_text())
LIST = REAL / "lists" / "easylist.txt"
HERE = (REAL / "publisher_pages").is_dir() and LIST.is_file()
pytestmark = [pytest.mark.real_data, pytest.mark.skipif(not HERE, reason="../shared/data has no publisher pages here")]


def found(name: str, rules: tuple[str, ...]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the (page, slot) and the (page, hash of the click URL) found on a page."""
    url = REAL_PAGES[name][0]
    document = read_document(decode((REAL / "publisher_pages" / name).read_bytes())[0])
    slots = find_slots(Outline(document, url), url, load(rules) if rules else None)
    named = names(document)
    clicks = {link for slot in slots for link in read_ad(document, slot, url)["links"]}
    hashes = {hashlib.sha256(link.encode()).hexdigest()[:16] for link in clicks}
    return {(name, named[slot.element]) for slot in slots}, {(name, value) for value in hashes}


def score(rules: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Return (precision, recall) of slots and of click URLs over all pages."""
    both = [found(name, rules) for name in sorted(TRUTH)]
    result = {}
    for position, kind in enumerate(("slots", "clicks")):
        got = set().union(*(entry[position] for entry in both))
        true = {(name, value) for name, page in TRUTH.items() for value in page[kind]}
        result[kind] = len(got & true) / len(got), len(got & true) / len(true)
    return result


def test_slots_and_clicks_of_real_pages_are_found() -> None:
    with_list, without = score((str(LIST),)), score(())
    print(f"precision, recall with EasyList {with_list}, without {without}")  # noqa: T201  # the figures
    assert min(with_list["slots"]) >= 0.9
    assert min(with_list["clicks"]) >= 0.9
    assert with_list["slots"][1] > without["slots"][1]  # the list finds what nothing else marks
