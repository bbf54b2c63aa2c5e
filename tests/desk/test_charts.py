"""Charts: what is drawn is as long as what it stands for, and text in it stays text."""

import re
from xml.etree import ElementTree

import pytest

from desk.reports.charts import STYLES, Curve, Series, curves, horizontal_bars, shares, stacked_bars, width_of


def drawn(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(str(markup))


def series(style: str, *values: float) -> Series:
    return Series(style=style, label=style, values=values)


def blocks(root: ElementTree.Element, starts: str) -> list[dict[str, str]]:
    """Return the coloured rectangles whose tips begin with a text."""
    groups = root.findall("g")
    return [group.findall("rect")[0].attrib for group in groups if (group.findtext("title") or "").startswith(starts)]


def test_stacked_bars_are_as_tall_as_their_values() -> None:
    root = drawn(stacked_bars("b", "t", "s", ["Mon", "Tue"], [series("down", 1, 4), series("waiting", 3, 0)]))
    monday, tuesday = blocks(root, "Mon"), blocks(root, "Tue")
    heights = [float(block["height"]) for block in (*monday, *tuesday)]
    assert heights[1] == pytest.approx(3 * heights[0], abs=0.05)
    assert heights[2] == pytest.approx(4 * heights[0], abs=0.05)
    assert float(monday[0]["y"]) == pytest.approx(float(monday[1]["y"]) + heights[1], abs=0.05)  # one on the other


def test_rows_are_as_long_as_their_values() -> None:
    root = drawn(horizontal_bars("b", "t", "s", ["news", "video"], [series("confirmed", 2, 8)]))
    first, second = [float(block["width"]) for block in blocks(root, "confirmed ")]
    assert second == pytest.approx(4 * first, abs=0.3)


def test_a_dot_lies_inside_its_interval() -> None:
    root = drawn(shares("d", "t", "s", [("ct", 0.5, 0.25, 0.75, "n = 8")]))
    [dot] = root.findall("circle")
    [line] = [path for path in root.findall("path") if path.get("stroke-width") == "1.6"]
    begin, end = [float(one) for one in re.findall(r"[MH]([\d.]+)", line.attrib["d"])[:2]]
    assert float(dot.attrib["cx"]) == pytest.approx((begin + end) / 2, abs=0.1)


def test_a_curve_falls_at_its_steps_and_stops_where_it_was_watched() -> None:
    steps = ((0.0, 1.0), (60.0, 0.5))
    ticks = [(1.0, "1 s"), (60.0, "1 min"), (3600.0, "1 h")]
    root = drawn(curves("c", "t", "s", [Curve(style="alert", label="a", steps=steps, until=3600.0)], ticks, "time"))
    [line] = [path for path in root.findall("path") if path.find("title") is not None]
    numbers = [float(one) for one in re.findall(r"[\d.]+", line.attrib["d"])]
    left, top, fall, half, right = numbers
    assert left < fall < right
    assert fall == pytest.approx((left + right) / 2, abs=0.2)  # a minute is half way to an hour, by logarithm
    assert half > top


def test_every_chart_is_named_for_those_who_listen() -> None:
    for markup in (
        stacked_bars("one", "Cases", "Bars", ["Mon"], [series("down", 1)]),
        horizontal_bars("two", "Cases", "Bars", ["news"], [series("down", 1)]),
        shares("three", "Cases", "Bars", [("ct", 1.0, 0.2, 1.0, "n = 1")]),
        curves("four", "Cases", "Bars", [], [(1.0, "1 s"), (60.0, "1 min")], "time"),
    ):
        root = drawn(markup)
        assert root.get("role") == "img"
        ids = (root.get("aria-labelledby") or "").split()
        assert [root.findtext(f"*[@id='{one}']") for one in ids] == ["Cases", "Bars"]


def test_text_stays_text() -> None:
    evil = "</text><script>alert(1)</script>&\"'"
    root = drawn(horizontal_bars("b", evil, evil, [evil], [Series(style="down", label=evil, values=(1.0,))]))
    assert root.findall(".//script") == []
    assert root.findtext("title") == evil
    assert evil in {text.text for text in root.findall("text")}


def test_series_are_told_apart_without_colours() -> None:
    hatched = [style.hatch for name, style in STYLES.items() if name in ("relapsed", "takedown", "closed", "dismissed")]
    assert len(set(hatched)) == len(hatched)
    assert len({STYLES[name].dash for name in ("alert", "judgement", "gone")}) == 3
    assert len({style.colour for name, style in STYLES.items() if name in ("confirmed", "down", "waiting")}) == 3


def test_a_chart_of_nothing_is_still_a_picture() -> None:
    assert drawn(stacked_bars("b", "t", "s", [], [])).get("role") == "img"


def test_wide_letters_take_two_places() -> None:
    assert width_of("公式") == width_of("abcd")
