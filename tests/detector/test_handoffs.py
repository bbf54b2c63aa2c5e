"""Hand-offs in texts, links and codes, labelled by hands that had not seen the reader."""

import json
from collections import Counter
from pathlib import Path

import pytest

from detector.evidence import LinkAt, TextSpan
from detector.handoffs import LONGEST, find_handoffs
from safety.sandbox import Sandbox

CASES = Path(__file__).parents[1] / "cases"
# Floors that only rise. Each set was scored once before anything was mended by it: see benchmarks/RESULTS.md.
FLOORS = {
    "handoffs.jsonl": (0.99, 0.98),
    "handoffs_later.jsonl": (0.98, 0.98),
    "handoffs_third.jsonl": (0.94, 0.98),
}


@pytest.mark.parametrize(("name", "floors"), FLOORS.items())
def test_recall_and_precision(name: str, floors: tuple[float, float]) -> None:
    counts: Counter[str] = Counter()
    for line in (CASES / name).read_text("utf-8").splitlines():
        case = json.loads(line)
        found = {(one.kind, one.value) for one in find_handoffs([case["text"]], case["links"], case["qr"])}
        wanted = {(one["kind"], one["value"]) for one in case["expect"]}
        counts.update(both=len(found & wanted), found=len(found), wanted=len(wanted))
    assert counts["both"] / counts["wanted"] >= floors[0], counts
    assert counts["both"] / counts["found"] >= floors[1], counts


def test_a_find_points_at_the_characters_as_they_stood() -> None:
    text = "公式ＬＩＮＥ　ＩＤ：＠ｈｏｓｈｉｎｏ１ 電話は０３（１２３４）５６７８"
    line, phone = find_handoffs([text])
    assert isinstance(line.where, TextSpan)
    assert isinstance(phone.where, TextSpan)
    assert text[slice(*line.where.span)] == line.observed == "＠ｈｏｓｈｉｎｏ１"
    assert text[slice(*phone.where.span)] == phone.observed == "０３（１２３４）５６７８"
    assert (line.value, phone.value) == ("@hoshino1", "+81312345678")


def test_links_and_codes_name_accounts_outright() -> None:
    (linked,) = find_handoffs(links=["https://shop.example/", "https://line.me/R/ti/p/%40hoshino"])
    assert (linked.value, linked.where) == ("@hoshino", LinkAt(link=1))
    (coded,) = find_handoffs(["@hoshino をLINEで追加"], codes=["https://line.me/R/ti/p/@hoshino"])
    assert coded.where is None  # the first place where it was seen


@pytest.mark.parametrize(
    "hostile", ["1" * LONGEST, "line " * 40_000, "@" * LONGEST, "銀行支店" * 40_000, "0-" * 90_000]
)
def test_hostile_text_is_read_to_its_end(hostile: str) -> None:
    assert len(find_handoffs([hostile, "LINE ID: @hoshino1"])) >= 1  # a search that backtracks would not get there


@pytest.mark.parametrize(
    "text",
    ["ゆうちょ銀行記号 11111" + " -" * 9_900, "a銀行 (a) 支店名 " + " " * 19_900, "090-1234-5678 " * 1_400],
    ids=["post", "bank", "phones"],
)
def test_a_text_that_is_built_to_keep_the_reader_busy_is_read(text: str) -> None:
    with Sandbox(workers=1, cpu_seconds=3, wall_seconds=30) as sandbox:  # which ends a child that takes longer
        assert sandbox.call("tests.safety.sandbox_targets:count_handoffs", text.encode()) <= 1
