"""What a person reads of an item."""

import re
from datetime import date

import pytest
from rich.console import Console

from console.show import described, evidence_table, marked
from detector.assess import Assessor
from detector.evidence import Evidence
from detector.items import Item, Text
from tests.detector.hoshino import HOSHINO


def test_where_an_item_leads_people_stands_with_it() -> None:
    text = "星野電機 公式 90%OFF ＬＩＮＥ ID：@hoshino_sale 電話 03-2345-6789 \u202e"
    item = Item(id="1", kind="ad", texts=(Text(role="body", text=text),), links=("https://lin.ee/AbCdEf1",))
    [verdict] = Assessor([HOSHINO]).assess(item, on=date(2026, 11, 25))
    screen = Console(width=120)
    with screen.capture() as shown:
        screen.print(*described(item, verdict), sep="\n")
    for line in ("leads to line   @hoshino_sale", "leads to line   lin[.]ee/AbCdEf1", "leads to phone  +81323456789"):
        assert line in shown.get()
    assert "\u202e" not in shown.get()


def test_named_techniques_stand_before_what_was_learned() -> None:
    weights = {"wording.fraud": 4.6, "host.combosquat": 4.3, "official.partner": -3.0, "wording.honest": -0.2}
    table = evidence_table(
        [Evidence(signal=signal, weight=weight, strength=1.0, observed="o", expected="", says=signal)
         for signal, weight in weights.items()],
        Item(id="1", kind="ad"),
    )  # fmt: skip
    assert [str(cell) for cell in table.columns[1].cells] == [
        "host[.]combosquat", "official[.]partner", "wording[.]fraud", "wording[.]honest"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signal", "file", "host"),
    [
        ("picture.logo", "hoshino.svg", "evil[.]test"),
        ("picture.copy", "cool.jpg", "evil[.]test"),
        ("name.mention", "hoshino[.]svg", "evil[.]test"),
    ],
)
def test_a_file_of_our_own_is_no_host(signal: str, file: str, host: str) -> None:
    named = f"{file.replace('[.]', '.')}, in the brand's own items only"
    one = Evidence(signal=signal, weight=1.0, strength=1.0, observed="evil.test", expected=named, says="s")
    table = evidence_table([one], Item(id="1", kind="ad"))
    assert [str(cell) for cell in table.columns[2].cells] == [host]
    assert [str(cell) for cell in table.columns[3].cells] == [f"{file}, in the brand's own items only"]


def test_a_link_stays_inert_wherever_a_match_cuts_it() -> None:
    text = "x http://hoshino.test/a www.evil.test"
    for first in range(len(text)):
        for last in range(first + 1, len(text) + 1):
            shown = marked(text, [(first, last)]).plain
            assert not re.search(r"https?://|[a-z]\.[a-z]", shown), shown
