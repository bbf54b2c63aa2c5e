"""What a reader gets out of a PDF: its text, its pixels, where it leads."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A PDF, read."""

    pages: tuple[str, ...]  # text of each page
    links: tuple[int, ...]  # kinds of action of all links, as PDFium numbers them
    images: tuple[int, ...]  # how many pictures are on each page
    dashed: int  # lines and boxes that are dashed
    outline: tuple[tuple[int, str, int], ...]  # level, title, page from 1
    about: dict[str, str]
    attachments: int

    @property
    def text(self) -> str:
        """All text without spaces and line breaks."""
        return bare("".join(self.pages))


def bare(text: str) -> str:
    """A text without spaces and line breaks."""
    return re.sub(r"\s", "", text)


def read(data: bytes) -> Read:
    """Read a PDF."""
    document = pypdfium2.PdfDocument(data)
    try:
        texts: list[str] = []
        images: list[int] = []
        links: list[int] = []
        dashed = 0
        for page in document:
            # PDFium writes U+FFFE or U+0002 where it takes a "-" at the end of a line for a hyphen.
            texts.append(page.get_textpage().get_text_bounded().replace("\ufffe", "-").replace("\x02", "-"))
            images.append(sum(one.type == pdfium.FPDF_PAGEOBJ_IMAGE for one in page.get_objects()))
            dashed += sum(pdfium.FPDFPageObj_GetDashCount(one.raw) > 0 for one in page.get_objects())
            links += _links(document, page)
        return Read(
            pages=tuple(texts),
            links=tuple(links),
            images=tuple(images),
            dashed=dashed,
            outline=tuple(
                (mark.level, mark.get_title(), mark.get_dest().get_index() + 1) for mark in document.get_toc()
            ),
            about=document.get_metadata_dict(),
            attachments=document.count_attachments(),
        )
    finally:
        document.close()


def drawn(data: bytes, page: int, scale: float = 1) -> Image.Image:
    """Return a page as pixels; `page` from 1."""
    document = pypdfium2.PdfDocument(data)
    try:
        image: Image.Image = document[page - 1].render(scale=scale).to_pil().convert("RGB")
        return image
    finally:
        document.close()


def _links(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> Iterator[int]:
    place, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    while pdfium.FPDFLink_Enumerate(page, place, link):
        action = pdfium.FPDFLink_GetAction(link)
        yield pdfium.FPDFAction_GetType(action) if action else pdfium.PDFACTION_GOTO
