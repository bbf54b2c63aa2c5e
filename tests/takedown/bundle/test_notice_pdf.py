"""A notice on paper."""

import re
from dataclasses import replace

import pytest

from alerts.message import Language
from takedown.bundle.notice_pdf import notice_pdf
from takedown.notice import Attachment, Filled, Notice
from tests.takedown.bundle.reading import bare, read

URL = "https://hoshino-denki-sale.test/lp/?c=7&fbclid=" + "IwAR0aB" * 40
BODY = f"""架空県警察本部　ご担当者様

申告日：2026-11-24
管理番号：MK-3-0A1B2C3D

「星野電機」を騙る詐欺の疑いのある広告・サイトを確認しましたので、情報を提供します。

【対象】
1. {URL}
2. https://go.short-hop.test/x7

【証拠（保全済み・提出資料）】
・screenshot-1-abababababababab.png：画面の画像
　SHA-256 {"ab" * 32}

星野電機株式会社
知財部 担当者"""


def notice(language: Language = "ja") -> Notice:
    """A notice to the police."""
    return Notice(
        reference="MK-3-0A1B2C3D",
        case_id=3,
        channel="police",
        language=language,
        actor="everyone",
        subject="everyone",
        targets=(URL,),
        links=(URL,),
        title="【情報提供】「星野電機」を騙る詐欺の疑いのある広告・サイトについて",
        body=BODY,
        fields=(
            Filled(key="what", label="内容", value=BODY),
            Filled(key="targets", label="対象のURL", value="\n".join(f"{URL}#{number}" for number in range(30))),
            Filled(key="evidence", label="証拠", value=f"warc-1-cdcdcdcdcdcdcdcd.warc.gz SHA-256 {'cd' * 32}"),
            Filled(key="damage", label="被害の状況", value=None, note="窓口で確認"),
        ),
        attachments=(Attachment(name="warc-1-cdcdcdcdcdcdcdcd.warc.gz", kind="warc", sha256="cd" * 32, bytes=48213),),
        notes=("internal: do not print",),
    )


def test_all_of_the_notice_is_on_paper_and_what_is_ours_alone_is_not() -> None:
    found = read(notice_pdf(notice()))
    for words in (*BODY.split("\n"), notice().title, "cd" * 32, "48,213", "（手書きでご記入ください）"):
        assert bare(words) in found.text
    pages = re.sub(rf"MK-3-0A1B2C3D\d+/{len(found.pages)}", "", found.text)  # without what stands below each
    assert all(f"{URL}#{number}" in pages for number in range(30)), "no address is cut"
    assert found.text.count(bare("申告日：2026-11-24")) == 1, "the text is not printed again as a field"
    assert found.text.count("cd" * 32) == 1, "nor is the list of what is enclosed"
    assert "internal" not in found.text
    assert "窓口で確認" not in found.text


@pytest.mark.parametrize(("language", "signed"), [("ja", "署名または記名押印"), ("en", "Signature")])
def test_there_is_where_to_sign_and_each_page_has_the_reference(language: Language, signed: str) -> None:
    data = notice_pdf(notice(language))
    found = read(data)
    text = found.text
    assert text.index(bare("知財部 担当者")) < text.index(signed) < text.index(bare("対象のURL"))
    for number, page in enumerate(found.pages, start=1):
        assert "MK-3-0A1B2C3D" in page
        assert f"{number} / {len(found.pages)}" in page
    assert found.about["Title"] == notice().title
    assert f"/Lang ({language})".encode() in data


def test_the_sender_is_not_divided_by_the_end_of_a_page() -> None:
    for lines in range(24, 32):
        body = (
            "\n\n".join(["星野電機を騙る広告。"] * lines)
            + "\n\n星野電機株式会社\n知的財産部\n知財部 担当者\nmail@x.example"
        )
        pages = read(notice_pdf(replace(notice(), body=body, fields=(), attachments=()))).pages
        [page] = [page for page in pages if "星野電機株式会社" in page]
        assert "mail@x.example" in page


def test_a_long_text_is_printed_to_its_end() -> None:
    long = "\n".join(f"・第{number}行 " + "星野電機を騙る広告。" * 12 for number in range(400)) + "\n以上"
    found = read(notice_pdf(replace(notice(), body=long)))
    assert all(f"第{number}行" in found.text for number in range(400))
    assert "以上" in found.text


def test_equal_notices_give_equal_bytes_and_nothing_can_be_clicked() -> None:
    data = notice_pdf(notice())
    assert data == notice_pdf(notice())
    assert read(data).links == ()
