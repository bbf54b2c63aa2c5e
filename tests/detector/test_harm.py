"""How bad an item is, from what it asks people for."""

from typing import Any

import pytest

from detector.harm import Harm, harm_of, worst
from detector.items import Item, Text
from detector.page_facts import Form, PageFacts
from detector.verdict import Decision


def post(text: str = "", **values: Any) -> Item:
    texts = (Text(role="body", text=text),) if text else ()
    return Item(**{"id": "x", "kind": "post", "texts": texts, **values})


@pytest.mark.parametrize(
    ("item", "ways", "harm"),
    [
        (post("星野電機の新製品、いいね"), (), "low"),
        (post(kind="domain", url="hoshino-denki.test"), (), "normal"),
        (post(links=("https://hoshino.test/",)), (), "normal"),
        (post(kind="ad"), (), "normal"),
        (post(), ("line",), "normal"),
        (post(), ("phone", "wallet"), "high"),
        (post(), ("bank",), "high"),
        (post("ウイルス感染。AnyDeskを入れてください"), (), "high"),
        (post(kind="page", page=PageFacts(priced="JPY", buys="購入")), (), "normal"),
        (post(kind="page", page=PageFacts(transfer_only="お支払いは銀行振込のみ")), (), "high"),
        (post(kind="page", page=PageFacts(forms=(Form(kind="card", fields=("card",)),))), (), "high"),
        (post(kind="page", page=PageFacts(forms=(Form(kind="login", fields=("id",)),))), (), "high"),
        (post(kind="page", page=PageFacts(forms=(Form(kind="personal", fields=("住所",)),))), (), "normal"),
    ],
)
def test_harm(item: Item, ways: tuple[str, ...], harm: Harm) -> None:
    assert harm_of(item, ways, "suspicious") == harm


@pytest.mark.parametrize(
    ("item", "decision", "harm"),
    [
        (post(kind="page", page=PageFacts()), "impersonation", "normal"),
        (post(kind="domain", page=PageFacts()), "impersonation", "normal"),
        (post(kind="page", page=PageFacts()), "suspicious", "low"),
        (post("星野電機の新製品、いいね"), "impersonation", "low"),  # a mention, however sure
        (post(kind="page", page=PageFacts(transfer_only="お支払いは銀行振込のみ")), "impersonation", "high"),
    ],
)
def test_a_page_that_somebody_saw_and_that_impersonates_is_no_mention(
    item: Item, decision: Decision, harm: Harm
) -> None:
    assert harm_of(item, (), decision) == harm


def test_the_worst_counts() -> None:
    assert worst(("low", "high", "normal")) == "high"
    assert worst(()) == "low"
