"""What a person reads of an item."""

from datetime import date

from rich.console import Console

from console.show import described
from detector.assess import Assessor
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
