"""A hostile installation: every text in it was written by somebody who attacks whoever looks.

Each payload is a case of its own: its item, page, verdict, visits, registration, networks, judgements and notice carry
the payload in every field that holds text. A payload that runs sets `window.ran`, asks for an address with `/ran` in
it, or puts an element of class `ran` into the page; one that is taken for a template gives a number that stands
nowhere else.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from config.board import Role
from detector.evidence import Evidence, ImageBox, LinkAt, TextSpan, Where
from detector.items import Advertiser, Item, Kind, Text
from detector.items import Role as TextRole
from detector.page_facts import Asset, Form, PageFacts, Seller, Stock
from detector.verdict import Verdict
from storage.accounts import MOST_LOGIN, add_account
from storage.contacts import save_contact
from storage.database import transaction
from storage.errors import AccountRefused, JudgementRefused
from storage.judgements import TAG
from storage.notices import Reply, add_reply, begin_sending, filed, save_draft
from storage.pictures import PictureRecord, save_picture
from storage.registrations import save_registration
from storage.runs import finish_run, start_run
from storage.views import CaseFilters, save_view
from tests.board.browser.builder import Builder, network, registration, way
from tests.storage.examples import see, switched_off
from tests.storage.noticed import a_content

COMPUTED = "7000021"  # what `1000003*7` gives where somebody computes it
_LONG = "あ" * 340_000  # 1 MB in UTF-8
PAYLOADS: dict[str, str] = {
    "script": "<script>ran=1;fetch('/ran')</script>星野電機",
    "broken-out": "</script></textarea></title><img class=ran src=/ran onerror=ran=1>",
    "attribute": "\" onmouseover=ran=1 autofocus onfocus=ran=1 class=ran style='position:fixed;inset:0' x=\"",
    "quoted": "' onload=ran=1 class='ran' x='`><b class=ran>b",
    "address": "javascript:ran=1//https://a.test/%0aran=1",
    "data": "data:text/html,<script>ran=1</script>",
    "svg": "<svg class=ran onload=ran=1><animate onbegin=ran=1 attributeName=x dur=1s></svg>",
    "math": "<math><mtext><table><mglyph><style><!--</style><img class=ran src=/ran onerror=ran=1>",
    "template": "{{1000003*7}} {% raw %} ${1000003*7} <%= 1000003*7 %> #{1000003*7} {{config}}",
    "htmx": '<div class=ran hx-get="/ran" hx-trigger="load" hx-on::load="ran=1"></div>" hx-get="/ran" "',
    "bidi": "\u202eexe.cod\u2066\u2069\u200f\u061c星野電機\u202d\u200b\u2060\ufeff\U000e0041",
    "zalgo": "星" + "\u0301\u0489" * 400 + "野電機",
    "nothing": "a\x00b\ud800c\udfffd\x1b]0;ran\x07\x1b[2J",
    "style": "</style><style>*{display:none}</style>background:url(/ran);@import '/ran';--x:expression(ran=1)",
    "wide": "W" * 3000,
    "joined": "https://" + "a" * 63 + "." + "b" * 63 + ".test/" + "%E6%98%9F" * 400,
    "long": "<b class=ran>" + _LONG,
    "entities": "&lt;img class=ran src=/ran onerror=ran=1&gt; &#60;script&#62;ran=1&#60;/script&#62; &amp;quot;",
    "comment": "--><!-- ]]>?><?php ran ?><![CDATA[<b class=ran>",
    "frames": "<iframe class=ran src=/ran></iframe><object class=ran data=/ran></object><embed class=ran src=/ran>",
    "page": "<base href=https://elsewhere.test/ran><meta http-equiv=refresh content='0;url=/ran'><title>ran</title>",
    "form": "<form class=ran action=https://elsewhere.test/ran><input name=token><button>OK</button></form>",
    "clobber": "<img class=ran name=body><a class=ran id=mekiki href=/ran><p id=main class=ran><p id=said class=ran>",
    "formula": "=HYPERLINK(\"https://elsewhere.test/ran\",\"x\")\r\nSet-Cookie: ran=1\r\n\r\n<script>ran=1</script>",
    "lines": "星野" + "\n" * 3000 + "\t" * 300 + "\u2028\u2029" * 30,
}  # fmt: skip
SCRIPT = "<script>ran=1;fetch('/ran')</script>"
_KINDS: tuple[Kind, ...] = ("ad", "page", "post", "domain", "comment")


@dataclass(slots=True, kw_only=True)
class Hostile:
    """What was made."""

    folder: Path
    now: datetime
    cases: dict[str, int] = field(default_factory=dict)  # by payload
    notices: dict[str, int] = field(default_factory=dict)  # by payload
    picture: str = ""
    polyglots: dict[str, str] = field(default_factory=dict)  # SHA-256 of pictures that hold a script, by what they are


def fill(folder: Path, now: datetime) -> Hostile:
    """Make the hostile installation in an empty folder."""
    made = Hostile(folder=folder, now=now)
    builder = Builder(folder, now)
    shot = builder.picture(_square())
    made.picture = shot.sha256
    for number, (name, text) in enumerate(PAYLOADS.items()):
        _case(builder, made, number, name, text, shot)
    made.polyglots = {name: builder.picture(data).sha256 for name, data in polyglots().items()}
    _around(builder, now)
    builder.engine.dispose()
    return made


def _square() -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize((320, 200)).save(out, "PNG")
    return out.getvalue()


def polyglots() -> dict[str, bytes]:
    """Return pictures that are pages, too, to whoever reads them as text: a script in a comment and behind the end."""
    noted = PngInfo()
    for key in ("Comment", SCRIPT):
        noted.add_text(key[:79], SCRIPT)
        noted.add_itxt(key[:79], SCRIPT)
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SCRIPT
    ways: dict[str, dict[str, Any]] = {
        "PNG": {"pnginfo": noted, "exif": exif},
        "JPEG": {"comment": SCRIPT.encode(), "exif": exif},
        "GIF": {"comment": SCRIPT.encode()},
        "WEBP": {"xmp": SCRIPT.encode(), "exif": exif},
    }
    found = {}
    for form, said in ways.items():
        out = BytesIO()
        Image.linear_gradient("L").resize((200, 120)).convert("RGB").save(out, form, **said)
        found[form] = out.getvalue() + SCRIPT.encode()
        assert found[form].count(SCRIPT.encode()) > 1, form
    return found


def _case(builder: Builder, made: Hostile, number: int, name: str, text: str, shot: PictureRecord) -> None:
    now, host = made.now - timedelta(minutes=number), f"hoshino-{number}.test"
    link = f"https://{host}/{_ours(text, 3000)}"
    item, verdict = _item(number, text, link), _verdict(text)
    [case] = see(
        builder.engine,
        item,
        replace(verdict, id=item.id),
        at=now,
        source="meta-ads" if number % 2 else _ours(text, 200),
        pictures={item.images[0]: shot.sha256, item.images[1]: _refused(builder, number, text)},
    ).cases
    made.cases[name] = case
    short = text[:20_000]
    builder.journeys(
        link,
        case,
        now,
        way("telephone", now, (link, f"https://{host}/end/{_ours(text, 3000)}"), title=short, text=short, shot=shot),
        way("desk", now, (link,), title=short[::-1], text=f"{short}{number}" * 2, shot=shot),
        way(f"visitor {_ours(text, 30)}", now, (link,), title="", text="", status=403, country=_ours(text, 40)),
    )
    odd = dict.fromkeys(("registrar", "registrant", "country", "abuse_email", "abuse_phone", "registrar_id"), text)
    facts = {**odd, "nameservers": [text] * 3, "status": [text], "redacted": [text]}
    with transaction(builder.engine) as session:
        save_registration(session, registration(host, now, now, **facts))
        answer = network(f"203.0.113.{number + 1}", "x", now)
        known = dict.fromkeys(("name", "handle", "owner", "country", "abuse_email", "error"), short)
        save_contact(session, replace(answer, facts={**(answer.facts or {}), **known}))
    who = login_of(text)
    builder.decide(case, now, who, "note", note=text)
    builder.decide(case, now, who, "assign", assignee=who)
    with suppress(JudgementRefused):
        builder.decide(case, now, who, "tag", tag=TAG.search(text)[0] if TAG.search(text) else "x")  # type: ignore[index]
    builder.decide(case, now, who, "confirm", note=text)
    made.notices[name] = _notice(builder, case, host, text, who, now)
    if number == 0:
        with transaction(builder.engine) as session:
            content = a_content(case, channel="safe-browsing", actor="everyone", title=text, body=text, targets=[text])
            made.notices["draft"] = save_draft(session, content, who=who, now=now)
    elif number % 2:  # the rest waits on the wall
        builder.decide(case, now, who, "reopen")


def _item(number: int, text: str, link: str) -> Item:
    kind = _KINDS[number % len(_KINDS)]
    return Item(
        id=f"x-{number}-{text[:300]}",
        kind=kind,
        platform=text[:2000],
        url=link if kind in ("page", "domain") else text,
        advertiser=Advertiser(id=f"{number}{text[:300]}", name=text, payer=text),
        texts=tuple(Text(role=role, text=text, lang=text[:20]) for role in get_args(TextRole)),
        links=(link, text),
        display_url=text,
        images=(f"https://cdn.example/{number}.png", f"{number}{text[:3000]}"),
        videos=(text,),
        countries=(text[:2],),
        platforms=(text,),
        first_shown=text[:100],
        last_shown=text[:100],
        publisher_url=f"https://publisher.example/{text[:3000]}",
        raw={"text": text[:3000]},
        page=PageFacts(
            forms=(Form(kind="card", fields=(text, text), action=text),),
            assets=(Asset(kind="picture", url=text),),
            icons=(text,),
            stock=(Stock(seen=text, left=3),),
            countdowns=(text,),
            buys=text,
            seller=Seller(heading=text, link=text, name=text, address=text, phone=text, mail=text, person=text),
            transfer_only=text,
            hides=(text,),
            trackers=(text,),
            cname=text,
        ),
    )


def _verdict(text: str) -> Verdict:
    places: tuple[tuple[str, Where | None], ...] = (
        ("name.exact", TextSpan(text=0, span=(0, min(len(text), 5)))),
        ("lure.sale", TextSpan(text=1, span=(2, min(len(text), 900)))),
        ("host.lookalike", LinkAt(link=0)),
        ("picture.logo", ImageBox(image=0, box=(10, 10, 90, 60))),
        ("signal.of.tomorrow", None),
    )
    evidence = tuple(
        Evidence(
            signal=signal, weight=2.0 - number / 9, strength=0.9, observed=text, expected=text, where=where, says=text
        )
        for number, (signal, where) in enumerate(places)
    )
    return Verdict(id="", brand="hoshino", score=0.98, decision="impersonation", evidence=evidence, policy="2026.1")


def _refused(builder: Builder, number: int, text: str) -> str:
    """Note a picture that could not be read; return its address."""
    address = builder.media.put(f"no picture {number}".encode())
    record = PictureRecord(
        sha256=address,
        mime=text[:100],
        bytes=9,
        width=None,
        height=None,
        hash=None,
        rendition=None,
        refused=text[:2000],
    )
    with transaction(builder.engine) as session:
        save_picture(session, record, builder.now)
    return address


def _ours(text: str, most: int) -> str:
    """Return the beginning of a text as a key that a configuration could have, if keys could be anything storable."""
    return re.sub("[\x00\ud800-\udfff]", "", text[:most])


def login_of(text: str) -> str:
    """Return the beginning of a text as a login; single sign-on brings what an issuer says."""
    return "".join(one for one in text[:MOST_LOGIN] if one.isprintable()).strip() or "nobody"


def _notice(builder: Builder, case: int, host: str, text: str, who: str, now: datetime) -> int:
    values: dict[str, Any] = {
        "channel": "registrar",
        "subject": host,
        "targets": [host, text[:2000]],
        "links": [text[:2000]],
    }
    builder.decide(case, now, who, "takedown", approvers=())
    with transaction(builder.engine) as session:
        number = save_draft(session, a_content(case, title=text, body=text, **values), who=who, now=now)
        begin_sending(session, number, who=who, approvers=(), now=now)
        filed(session, number, who=who, now=now, due=timedelta(days=3), theirs=text[:200], note=text[:2000])
        reply = Reply(
            digest=f"{number:064x}",
            received_at=now,
            sender=text[:300],
            subject=text[:300],
            text=text,
            matched_by="reference",
        )
        add_reply(session, number, reply, who="mekiki", now=now, due=timedelta(days=3))
    return number


def _around(builder: Builder, now: datetime) -> None:
    """What stands beside cases: views, runs, receivers, people."""
    with transaction(builder.engine) as session:
        for number, text in enumerate(PAYLOADS.values()):
            filters = CaseFilters(text=text[:100], tag=text[:40], source=text[:60], assignee=text[:40], brand=text[:40])
            save_view(session, f"view-{number}", filters, who=login_of(text), now=now)
            run = start_run(session, "meta-ads", now - timedelta(hours=number), slice=_ours(text, 60))
            counts = {f"error.{text[:200]}": 3, "items": 1}
            finish_run(session, run, now - timedelta(hours=number), "failed", counts)
            switched_off(session, f"desk{number}", text[:1000], now)
            with suppress(AccountRefused):
                add_account(session, login_of(text), get_args(Role)[number % 4], None, now=now)
