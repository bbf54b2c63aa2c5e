"""Any JSON, told where things stand, becomes items; what is wrong with it is said in one line."""

import json
from typing import Any

import pytest

from detector.items import decode_item
from spiders.pages.answers import Answer
from spiders.pages.json_api import MOST_VALUES, parse_answer

FIELDS = {"id": "id", "body": "text", "links": "[url]", "advertiser": "page.name", "advertiser_id": "page.id"}


def parsed(answer: Any, **options: Any) -> Answer:
    return parse_answer(json.dumps(answer).encode(), **{"items": "data", "fields": FIELDS, **options})


def test_a_row_becomes_an_item() -> None:
    row = {
        "id": 12345678901234567890,
        "text": " 星野電機 ",
        "url": "https://a.test/",
        "page": {"id": 7, "name": "Outlet"},
    }
    (item,) = parsed({"data": [row]}, platform="vendor")["items"]
    assert item["id"] == "12345678901234567890"  # above 2^53
    read = decode_item(json.dumps(item))
    assert (read.kind, read.platform, read.links) == ("ad", "vendor", ("https://a.test/",))
    assert [(text.role, text.text) for text in read.texts] == [("body", "星野電機")]
    assert read.advertiser is not None
    assert (read.advertiser.id, read.advertiser.name) == ("7", "Outlet")
    assert read.raw["page"] == {"id": 7, "name": "Outlet"}


def test_lists_of_texts_and_numbers_beyond_64_bits() -> None:
    row = {"id": "a", "text": ["eins", "eins", "zwei", None, {"x": 1}], "much": 2**70}
    (item,) = parsed({"data": [row]})["items"]
    assert [text["text"] for text in item["texts"]] == ["eins", "zwei"]
    assert item["raw"]["much"] == str(2**70)
    (item,) = parsed({"data": [{"id": "a", "text": [str(number) for number in range(900)]}]})["items"]
    assert len(item["texts"]) == MOST_VALUES


def test_a_row_without_an_id_is_known_again_by_its_address() -> None:
    first, again = (parsed({"data": [{"url": "https://a.test/", "text": text}]})["items"][0] for text in ("x", "y"))
    assert first["id"] == again["id"]
    assert parsed({"data": [{}, {"id": 1}]})["bad"] == [(1, "has neither id, address nor text")]


def test_the_next_page_and_an_empty_one() -> None:
    answer = parsed({"data": [], "paging": {"next": 7}}, next="paging.next")
    assert (answer["items"], answer["next"]) == ([], "7")
    assert parsed({"data": []}, next="paging.next")["next"] is None


def test_an_error_with_status_200_is_told() -> None:
    answer = {"data": [], "error": {"message": "token expired"}}
    refused = parsed(answer, error="error.message")["failed"]
    assert refused is not None
    assert (refused["kind"], refused["says"]) == ("api_error", "answered 200, but says: token expired")
    assert parsed({"data": [{"id": "1"}], "error": None}, error="error.message")["failed"] is None


def test_how_often_a_field_was_there_is_counted() -> None:
    filled = parsed({"data": [{"id": "1", "text": ""}, {"id": "2", "text": "x"}]})["filled"]
    assert (filled["id"], filled["body"], filled.get("advertiser")) == (2, 1, None)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b'{"rows": []}', "nothing at items = 'data'; the answer has rows"),
        (b'{"data": {"a": 1}}', "is no list"),
    ],
)
def test_what_is_wrong_is_one_line(body: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_answer(body, items="data", fields=FIELDS)
