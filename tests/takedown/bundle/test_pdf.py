"""The PDF of a dossier: what a reader finds in it."""

import re
from dataclasses import replace

import pypdfium2.raw as pdfium
import pytest

from alerts.message import Language
from detector.visits import Outcome
from takedown.bundle.dossier import Dossier, Journey, Section, Words
from takedown.bundle.pdf import pdf_of
from tests.takedown.bundle.reading import bare, read
from tests.takedown.bundle.sample import Shelf, usual, way

SHELF = Shelf()


def with_journey(journey: Journey, language: Language = "en") -> Dossier:
    """A dossier that is one journey."""
    section = Section(key="journey", title="The journey", blocks=(journey,))
    return replace(usual(language), sections=(section,))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_text_of_the_dossier_is_found_in_reading_order(language: Language) -> None:
    dossier = usual(language)
    text = read(pdf_of(dossier, SHELF.read)).text
    in_order = [
        dossier.title,
        dossier.subject,
        *(fact.text for fact in dossier.facts),
        *(tile.value for tile in dossier.tiles),
        *dossier.warnings,
        *dossier.summary,
        "hxxps://hoshino-denki-sale[.]test/lp/?c=7&fbclid=IwAR0aB",
        "cd" * 32,
        *(section.title for section in dossier.sections[1:]),
    ]
    at = 0
    for words in in_order:
        found = text.find(bare(words), at)
        assert found >= 0, f"{words} is missing, or before what should stand before it"
        at = found
    for number in range(60):
        assert f"warc/visit-{number}.warc.gz" in text
        assert f"{number:02x}" * 32 in text


@pytest.mark.parametrize("language", ["ja", "en"])
def test_it_tells_what_it_is_and_where_each_part_begins(language: Language) -> None:
    dossier = usual(language)
    data = pdf_of(dossier, SHELF.read)
    found = read(data)
    assert found.about["Title"] == f"{dossier.title} ({dossier.reference})"
    assert f"/Lang ({language})".encode() in data
    sections = [(title, page) for level, title, page in found.outline if level == 0]
    assert [title for title, _ in sections] == [section.title for section in dossier.sections]
    for title, page in sections:
        assert bare(title) in bare(found.pages[page - 1])
        assert re.search(re.escape(title) + r"\s*" + str(page) + r"\b", found.pages[0]), "the list of contents is right"


def test_every_page_has_its_number_and_the_reference() -> None:
    dossier = usual("en")
    found = read(pdf_of(dossier, SHELF.read))
    assert len(found.pages) > 4
    for number, text in enumerate(found.pages, start=1):
        assert f"{number} / {len(found.pages)}" in text
        assert dossier.reference in text


def test_the_same_dossier_gives_the_same_bytes() -> None:
    assert pdf_of(usual(), SHELF.read) == pdf_of(usual(), SHELF.read)
    assert pdf_of(usual(), SHELF.read) != pdf_of(replace(usual(), subject="other"), SHELF.read)


def test_fonts_are_embedded_as_far_as_they_are_used() -> None:
    data = pdf_of(usual(), SHELF.read)
    fonts = len(re.findall(rb"/Type /Font\b[^D]", data))
    assert fonts == len(re.findall(rb"/ToUnicode", data)) == len(re.findall(rb"/FontFile2", data)) > 0
    assert b"/Helvetica" not in data
    assert len(data) < 500_000, "a subset: the whole font has six million bytes"


def test_nothing_in_it_leads_outside_or_runs() -> None:
    data = pdf_of(usual(), SHELF.read)
    found = read(data)
    assert found.links, "the list of contents leads to its pages"
    assert set(found.links) == {pdfium.PDFACTION_GOTO}
    assert found.attachments == 0
    for name in (b"/URI", b"/JS", b"/JavaScript", b"/Launch", b"/GoToR", b"/EmbeddedFile", b"/AA", b"/RichMedia"):
        assert not re.search(name + rb"\b", data)


@pytest.mark.parametrize("outcome", ["could_not_tell", "blocked", "gone", "differs", "offer_seen"])
def test_the_drawing_names_each_visitor_the_hosts_and_how_it_ended(outcome: Outcome) -> None:
    says = f"the words for {outcome}"
    one = way("telephone", outcome, says, ("first[.]test", "second[.]test", "third[.]test"))
    data = pdf_of(with_journey(Journey(title="t", link="l", source="Ad on meta", ways=(one,))), SHELF.read)
    page = bare(next(page for page in read(data).pages if "Ad on meta" in page))
    drawing = page[page.index(bare("Ad on meta")) : page.index(bare(f"telephone: {says}"))]
    assert [host in drawing for host in ("first[.]test", "second[.]test", "third[.]test")] == [True] * 3
    assert "302" in drawing
    assert ("timedout" in drawing) == (outcome == "could_not_tell")
    assert bare(says) in page
    uncertain = outcome in ("could_not_tell", "blocked", "gone")
    assert read(data).dashed == (1 if uncertain else 0), "told apart without colours"


def test_sixty_hops_are_drawn_in_short_and_told_in_full() -> None:
    long = way("telephone", "offer_seen", "seen", tuple(f"hop{number}x[.]test" for number in range(60)))
    data = pdf_of(with_journey(Journey(title="t", link="l", source="Ad", ways=(long,))), SHELF.read)
    text = read(data).text
    assert bare("48 more, in the table below") in text
    for number in range(60):
        drawn_too = number < 6 or number >= 54
        assert text.count(f"hop{number}x[.]test") == (2 if drawn_too else 1)


def test_a_text_that_would_fill_a_book_is_cut_visibly() -> None:
    section = Section(key="words", title="Words", blocks=(Words(lines=("星" * 200_000,)),))
    found = read(pdf_of(replace(usual("en"), sections=(section,)), SHELF.read))
    assert len(found.pages) < 15
    shown = found.text.count("星" * 10) * 10
    left = re.search(r"… \(\+([0-9,]+)\)", "\n".join(found.pages))
    assert left is not None
    assert abs(int(left[1].replace(",", "")) + found.text.count("星") - 200_000) < 20
    assert shown > 5000
