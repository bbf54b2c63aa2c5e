"""The linear HTML reader agrees with a tree parser on pages for people, and loses no text on the others."""

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.pages.linear import measure, read_linear, unescape
from spiders.pages.markup import Document


def text(document: Document) -> str:
    return document.text(0, len(document.texts))


def links(document: Document) -> list[str]:
    return [element.attributes["href"] for element in document.elements if "href" in element.attributes]


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>星<b>野</b>電<span>機</span>", "星野電機"),
        ("<div>a</div><div>b</div>c<br>d", "a b c d"),
        ("a <!-- x --> b<!-->c<!-- --!>d<!--> e", "a bcd e"),
        ("<script>no()</script>a<style>b{}</style>c", "a c"),
        ("<title>t &amp; <b></title>x", "t & <b> x"),
        ("1 < 2 <3 & &lt;4 &#x661F;&#26143; &#00000000000000000026143;", "1 < 2 <3 & <4 星星 星"),
        ("<noscript>no</noscript>yes", "yes"),
        ('<iframe srcdoc="&lt;p&gt;inside &lt;b&gt;here"></iframe>after', "inside here after"),
        ("<textarea><p>x</textarea>y", "<p>x y"),
        ("<p title='a>b'>c", "c"),
        ("<x-card><p>slot", "slot"),
        ("</p></div>a</b>", "a"),
        ("<!DOCTYPE html><?php x ?>a<![CDATA[b]]>c", "ac"),
        ("x<script>never closed", "x"),
        ('x<p title="never closed>y', "x"),
    ],
)
def test_visible_text(html: str, shown: str) -> None:
    assert text(read_linear(html)) == shown


def test_attributes_first_wins_and_are_decoded() -> None:
    (element,) = read_linear("""<A HREF='/a?b=1&amp;c=2' href=x Class=" ad  box" data-x = "1" hidden/>""").elements
    assert element.tag == "a"
    assert element.attributes == {"href": "/a?b=1&c=2", "class": " ad  box", "data-x": "1", "hidden": ""}
    assert element.classes == ["ad", "box"]


def test_ranges_are_subtrees() -> None:
    document = read_linear("<ul><li>a<a href=1>b</a><li>c<p>d<div>e</div></ul>f")
    tags = [element.tag for element in document.elements]
    assert tags == ["ul", "li", "a", "li", "p", "div"]
    assert [document.text_of(index) for index in range(6)] == ["a b c d e", "a b", "b", "c d e", "d", "e"]
    assert [element.end for element in document.elements] == [6, 3, 3, 6, 5, 6]


@pytest.mark.parametrize("depth", [300, 2_100, 100_000])
def test_text_behind_deep_nesting_is_found(depth: int) -> None:
    document = read_linear("<div>" * depth + '<a href="https://x.test/">半額</a>')
    assert text(document) == "半額"
    assert links(document) == ["https://x.test/"]
    assert document.degraded


@pytest.mark.parametrize(
    "html",
    [
        "<b " + " ".join(f"x{number}" for number in range(100_000)) + ">半額",
        "<b " + " ".join(f'x{number}=">"' for number in range(100_000)) + ">半額",
        "<b><i></b>" * 100_000 + "半額",
        "<p><table><a>" * 100_000 + "半額",
        "<li>" * 400_000 + "半額",
        "</b>" * 500_000 + "半額",
        "<noscript>" * 200_000 + "半額",
        "&#" + "9" * 10_000 + ";&#x" + "f" * 10_000 + ";" + "&" * 500_000 + "半額",
    ],
)
def test_hostile_markup_loses_no_text(html: str) -> None:
    assert "半額" in text(read_linear(html))


@pytest.mark.parametrize(
    "start", ["<!--", "<![CDATA[", "<!DOCTYPE ", "<a b='", '<a b="x" ', "<script>", "<style></st", "</x "]
)
def test_unfinished_tokens_end_the_document_in_linear_time(start: str) -> None:
    """A search that is repeated for each of them would take hours here."""
    document = read_linear("before" + start * (2_000_000 // len(start)))
    assert text(document).startswith("before")


@pytest.mark.parametrize(
    ("number", "character"), [("&#0;", "\ufffd"), ("&#xD800;", "\ufffd"), ("&#99999999999;", "\ufffd")]
)
def test_impossible_characters(number: str, character: str) -> None:
    assert unescape(number) == character


@given(st.text(st.sampled_from("<>/!-= \"'abp&;#\n星"), max_size=200))
def test_any_text_is_survived(html: str) -> None:
    document = read_linear(html)
    for index, element in enumerate(document.elements):
        assert index < element.end <= len(document.elements)
        assert element.parent < index
        assert 0 <= element.first_text <= element.last_text <= len(document.texts)
    assert len(document.texts) == len(document.owners)


PARTS = (  # noqa: SIM905
    '<p> </p> <p/> <br> <li> </ul> <td> <a> </a> <a\thref=x\n> <a\thref=\'>\'\tb=">"> <a\tb="x"c> <a\tb\t=\tx> '
    '<a\t=b> <A\tHREF=a"b> <b/a> <table> <TR> <noscript> <script> </script> </script <title> </title\t> '
    "<iframe\tsrcdoc='<p>a<b>'> </iframe> <textarea> <!-- --> <!x> <?y> </ </5> <5 < > ' \" = / a &lt;"
).split(" ")


@given(st.lists(st.sampled_from(PARTS), max_size=40).map("".join))
def test_measuring_reads_what_reading_does(html: str) -> None:
    size, document = measure(html), read_linear(html)
    assert (size.elements, size.degraded) == (len(document.elements), document.degraded)


@pytest.mark.parametrize(
    ("html", "degraded"),
    [
        ("<div>" * 200, False),
        ("<div>" * 201, True),
        ("<a" + " x=1" * 256 + ">", False),
        ("<a " + "".join(f" x{number}" for number in range(256)) + ">", False),
        ("<a " + "".join(f" x{number}" for number in range(257)) + ">", True),
        ("<br>" * 120_000, False),
        ("<br>" * 120_001, True),
        ("<br    >" * 100_000 + "<b" + " " * 200_000 + ">", False),  # white space is no attribute
        (("<br" + "".join(f" x{number}" for number in range(8)) + ">") * 40_000, False),
        (("<br" + "".join(f" x{number}" for number in range(8)) + ">") * 40_001, True),
        (("<br" + " x" * 80 + ">") * 6_500, False),  # each is one attribute, written again and again
    ],
)
def test_measuring_and_reading_have_the_same_limits(html: str, *, degraded: bool) -> None:
    assert measure(html).degraded is degraded
    assert read_linear(html).degraded is degraded


WORDS = st.text("ab星", min_size=1, max_size=3)
INNER = st.recursive(
    WORDS,
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
        st.sampled_from(["div", "section", "span", "b", "em"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)


@given(st.lists(INNER, min_size=1, max_size=4).map("".join))
def test_well_formed_pages_read_as_by_a_tree_parser(html: str) -> None:
    """The oracle is a tree parser; blocks are not told apart in its text, so spaces do not count."""
    expected = lxml.html.document_fromstring(f"<body><div>{html}</div></body>")
    document = read_linear(f"<body><div>{html}</div></body>")
    assert text(document).replace(" ", "") == "".join(map(str, expected.itertext()))
    assert [element.tag for element in document.elements] == [element.tag for element in expected.iter()][1:]
