"""Hostile texts in the PDF: never an error, never markup, never a link; every letter is still there to be read."""

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

import pypdfium2.raw as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.screen import screen
from takedown.bundle.dossier import Column, Dossier, Journey, Section, Table, Words
from takedown.bundle.fonts import font, shown
from takedown.bundle.notice_pdf import notice_pdf
from takedown.bundle.pdf import pdf_of
from takedown.notice import Attachment, Filled, Notice
from tests.takedown.bundle.reading import bare, read
from tests.takedown.bundle.sample import Shelf, usual

SHELF = Shelf()
HOSTILE = (
    '<para><a href="https://hoshino-denki-sale.test/">x</a></para>',
    '<img src="https://hoshino-denki-sale.test/x.png"/><font size="900">',
    "]]></para> & &amp; &#x202e; <onDraw name=x/> <seq/>",
    "javascript:app.alert(1) (/URI (https://hoshino-denki-sale.test)) >> endobj",
    "\x1b]8;;https://hoshino-denki-sale.test\x07click\x1b]8;;\x07\x00\x9b31m",
    "\u202emoc.elpmaxe\u202c \u2066\u200b\u200d\ufeff\U000e0041",
    "\ud800\udfff \udc00",
    "e" + "\u0301" * 400,
    "x" * 100_000,
    "。" * 5_000,
    "🔥" * 3_000,
    "\n" * 5_000,
    "{page} {0.__class__} %s %(x)s \\( \\) \\\\",
    "=HYPERLINK(1)",
    "",
)


def poisoned(value: Any, text: str) -> Any:
    """The same value with a hostile text in place of every text that is shown."""
    if isinstance(value, tuple):
        return tuple(poisoned(one, text) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return text if isinstance(value, str) else value
    kept = {"language", "key", "outcome", "tone", "shown", "original", "page"}
    return replace(
        value, **{one.name: poisoned(getattr(value, one.name), text) for one in fields(value) if one.name not in kept}
    )


def assert_harmless(data: bytes) -> None:
    """Nothing in it leads outside, runs, or hides."""
    found = read(data)
    assert set(found.links) <= {pdfium.PDFACTION_GOTO}
    assert found.attachments == 0
    hidden = {one for page in found.pages for one in page if screen(one, lines=True) != one} - {"\r"}
    assert not hidden
    streams = re.sub(rb"stream\r?\n.*?endstream", b"", data, flags=re.DOTALL)
    texts = re.sub(rb"\((?:\\.|[^\\()])*\)", b"", streams, flags=re.DOTALL)
    assert not re.search(rb"/(URI|JS|JavaScript|Launch|GoToR|EmbeddedFile|AA|OpenAction|RichMedia)\b", texts)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_dossier_of_hostile_texts_is_printed_and_leads_nowhere(text: str) -> None:
    dossier = cast("Dossier", poisoned(usual(), text))
    few = tuple(replace(one, blocks=tuple(map(_short, one.blocks))) for one in dossier.sections)
    data = pdf_of(replace(dossier, sections=few), SHELF.read)
    assert_harmless(data)
    assert len(data) < 10_000_000


def _short(block: Any) -> Any:
    """The same with one row, one visitor."""
    if isinstance(block, Table):
        return replace(block, rows=block.rows[:1])
    return replace(block, ways=block.ways[:1]) if isinstance(block, Journey) else block


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_every_letter_of_any_text_is_there_to_be_read(text: str) -> None:
    section = Section(key="words", title="Words", blocks=(Words(lines=(f"begin {text} end",)),))
    dossier = replace(usual("en"), sections=(section,), tiles=(), warnings=(), summary=(), facts=())
    data = pdf_of(dossier, SHELF.read)
    assert_harmless(data)
    expected = bare(shown(f"begin {text} end", font("text")).replace("\xa0", " "))
    assert expected in read(data).text


def test_five_hundred_items_are_all_there() -> None:
    table = Table(
        columns=(Column(title="n"), Column(title="title", width=5), Column(title="address", width=5, code=True)),
        rows=tuple((f"#{number}", HOSTILE[number % 8], f"hxxps://shop{number}[.]test/") for number in range(500)),
    )
    data = pdf_of(replace(usual(), sections=(Section(key="items", title="項目", blocks=(table,)),)), SHELF.read)
    text = read(data).text
    assert all(f"hxxps://shop{number}[.]test/" in text for number in range(500))
    assert_harmless(data)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_notice_of_hostile_texts_is_printed_and_leads_nowhere(text: str) -> None:
    notice = Notice(
        reference="MK-3-0A1B2C3D",
        case_id=3,
        channel="police",
        language="ja",
        actor="everyone",
        subject="everyone",
        targets=(text,),
        links=(),
        title=text,
        body=f"【対象】\n1. {text}\n・{text}\n\n{text}",
        fields=(Filled(key="a", label=text, value=text), Filled(key="b", label=text, value=None)),
        attachments=(Attachment(name="warc-1.gz", kind="warc", sha256="ab" * 32, bytes=12),),
    )
    assert_harmless(notice_pdf(notice))
