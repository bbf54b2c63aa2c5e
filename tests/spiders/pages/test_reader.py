"""Which reader reads what, and that the two of them see the same page."""

from pathlib import Path

import pytest

from spiders.pages.linear import read_linear
from spiders.pages.markup import Document
from spiders.pages.reader import read_document

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*/input.html"))
PAGES = [page for page in GOLDEN if b"\0" not in page.read_bytes()]  # not those in UTF-16


def text(document: Document) -> str:
    return document.text(0, len(document.texts))


def test_an_ordinary_page_is_read_as_a_tree() -> None:
    # Only a tree has the outer elements that the source leaves out.
    assert [element.tag for element in read_document("<p>星野電機").elements] == ["html", "body", "p"]


@pytest.mark.parametrize("html", ["<div>" * 3_000 + "星野電機", "<p>星野電機</p>" * 30_000])
def test_what_a_tree_would_lose_or_take_long_for_is_read_linearly(html: str) -> None:
    document = read_document(html)
    assert document.elements[0].tag != "html"
    assert "星野電機" in text(document)


def test_a_framed_document_stands_in_its_place() -> None:
    document = read_document(
        '<p>a</p><iframe srcdoc="&lt;p>半額&lt;iframe srcdoc=x>&lt;/iframe>&lt;/p>"></iframe><p>b</p>'
    )
    assert text(document) == "a 半額 b"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_both_readers_see_the_same_text(page: Path) -> None:
    html = page.read_text("utf-8", errors="replace")
    assert text(read_document(html)) == text(read_linear(html))
