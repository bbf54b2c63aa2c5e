"""Answers written in HTML: what is new in them, what they quote, and bodies that no person wrote."""

from email.message import EmailMessage
from typing import Any

import pytest

from safety.sandbox import Sandbox
from takedown.incoming import MOST_ELEMENTS, parse_reply

REFERENCE = r"MK-[0-9]{4}"


def raw(html: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Abuse Desk <abuse@registrar.example>"
    message["Subject"] = "Re: report"
    message.set_content(html, subtype="html")
    return message.as_bytes()


def read(html: str) -> dict[str, Any]:
    return parse_reply(raw(html), reference=REFERENCE)


@pytest.mark.parametrize(
    ("html", "new"),
    [
        ("<p>Closed.</p><blockquote type=cite>MK-0001</blockquote>", "Closed."),
        (
            "<div>Closed.</div><div class='x gmail_quote'>On Monday you wrote:<blockquote>MK-0001</blockquote></div>",
            "Closed.",
        ),
        ("Closed.<div id=appendonsend></div><div id=divRplyFwdMsg><b>From:</b> us<br>MK-0001</div>", "Closed."),
        (
            "<blockquote>MK-0001 one?</blockquote><p>Yes.</p><blockquote>two?<blockquote>a</blockquote></blockquote>No",
            "Yes.\nNo",
        ),
        ("<div class=yahoo_quoted>MK-0001</div><ul><li>a<li>b</ul>", "a\nb"),
    ],
    ids=["cite", "gmail", "outlook", "between", "yahoo"],
)
def test_what_programs_mark_as_quoted_is_not_new(html: str, new: str) -> None:
    found = read(html)
    assert found["text"] == new
    assert found["ours"] == {"subject": [], "text": [], "quoted": ["MK-0001"]}


def test_emphasis_inside_a_reference_does_not_part_it() -> None:
    found = read("<p>Case CAS-<b>7731</b><span>88</span> was opened,\r\nfor MK-<i>0002</i>.<br>Regards</p>")
    assert found["text"] == "Case CAS-773188 was opened, for MK-0002.\nRegards"
    assert "CAS-773188" in found["tokens"]
    assert found["ours"]["text"] == ["MK-0002"]


@pytest.mark.parametrize(
    "html", ["https://registrar.example/case/1", "case.html", '<?xml version="1.0"?><html><body>case</body></html>']
)
def test_words_that_look_like_something_else_are_words(html: str) -> None:
    assert read(html)["text"] == html.rpartition("<body>")[2].partition("</body>")[0]


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 2100,
        "<b>" * 199,
        "<blockquote>" * 190 + "</blockquote>" * 190,
        "<p>x</p>" * (MOST_ELEMENTS - 10),
        "<blockquote>x</blockquote>" * (MOST_ELEMENTS - 10),
        "<p>x</p>" * (MOST_ELEMENTS + 10),
        "<i></u>" * 15_000,
        "<a" + " x=1" * 40_000 + ">",
    ],
    ids=["deep", "nested", "quotes in quotes", "many", "many quotes", "too many", "ends of nothing", "attributes"],
)
def test_a_body_that_no_person_wrote_loses_no_words(html: str) -> None:
    with Sandbox(workers=1) as sandbox:
        body = raw(f"{html}<p>It was removed, MK-0003.</p>")
        found = sandbox.call("takedown.incoming:parse_reply", body, reference=REFERENCE)
    assert "MK-0003" in [*found["ours"]["text"], *found["ours"]["quoted"]]
