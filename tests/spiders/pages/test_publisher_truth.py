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


def found(name: str, rules: tuple[str, ...]) -> dict[str, tuple[int, int, int, int]]:
    """Return, for slots and for click URLs of a page, found and right, annotated and found.

    A slot may be named by the block of an ad server or by the publisher's block around it: one inside the other is the
    same slot.
    """
    url = REAL_PAGES[name][0]
    document = read_document(decode((REAL / "publisher_pages" / name).read_bytes())[0])
    slots = find_slots(Outline(document, url), url, load(rules) if rules else None)
    place = {label: index for index, label in enumerate(names(document))}
    true = [place[label] for label in TRUTH[name]["slots"]]
    got = [slot.element for slot in slots]

    def same(one: int, other: int) -> bool:
        outer, inner = sorted((one, other))
        return inner < document.elements[outer].end

    urls = {link for slot in slots for link in read_ad(document, slot, url)["links"]}
    clicks, wanted = {hashlib.sha256(link.encode()).hexdigest()[:16] for link in urls}, set(TRUTH[name]["clicks"])
    return {
        "slots": (
            len(got),
            sum(any(same(one, other) for other in true) for one in got),
            len(true),
            sum(any(same(one, other) for other in got) for one in true),
        ),
        "clicks": (len(clicks), len(clicks & wanted), len(wanted), len(clicks & wanted)),
    }


def score(rules: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Return (precision, recall) of slots and of click URLs over all pages."""
    pages = [found(name, rules) for name in sorted(TRUTH)]
    result = {}
    for kind in ("slots", "clicks"):
        got, right, true, hit = (sum(page[kind][column] for page in pages) for column in range(4))
        result[kind] = right / got, hit / true
    return result


def test_slots_and_clicks_of_real_pages_are_found() -> None:
    with_list, without = score((str(LIST),)), score(())
    print(f"precision, recall with EasyList {with_list}, without {without}")  # noqa: T201  # the figures
    assert min(with_list["slots"]) >= 0.9
    assert min(with_list["clicks"]) >= 0.9
    assert with_list["slots"][1] > without["slots"][1]  # the list finds what nothing else marks
