"""Shared cases in which strangers write what they like."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from config.sharing import SharingIdentity
from takedown.sharing.personal import shared_url
from takedown.sharing.select import Registered, Shared, Thing

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TEXT = st.one_of(
    st.text(st.characters(codec=None), min_size=1, max_size=30),
    st.sampled_from(["'", "\\", "\\'", "' OR domain-name:value = 'x", "]", "\x00", "\u202e", "\ud800", "=cmd|'/c'!A0"]),
)


def thing(**values: object) -> Thing:
    """Make a thing."""
    base = Thing(kind="host", value="hoshino-sale.test", first_seen=AT, last_seen=AT + timedelta(days=1), fraud=True)
    return replace(base, **values)  # type: ignore[arg-type]  # fields of a thing


def case(*things: Thing, **values: object) -> Shared:
    """Make a case that shares some things."""
    base = Shared(
        id=UUID("f6d2b1fa-5b3e-5c0d-9d0c-8f5a3c1d2e4b"),
        by=SharingIdentity(name="星野電機株式会社", contact="brand-protection@hoshino-denki.example"),
        brand="星野電機",
        state="confirmed",
        score=0.97,
        opened_at=AT,
        changed_at=AT + timedelta(days=2),
        first_seen=AT,
        last_seen=AT + timedelta(days=1),
        kinds=("ad",),
        platforms=("meta",),
        countries=("JP",),
        things=things,
    )
    return replace(base, **values)  # type: ignore[arg-type]  # fields of a case


@st.composite
def hostile_cases(draw: st.DrawFn) -> Shared:
    """Give a case as `select` may make it of what strangers wrote."""
    texts = draw(st.lists(TEXT, min_size=8, max_size=8))
    urls = [url for text in texts if (url := shared_url(f"https://hoshino-sale.test/{text}"))]
    return case(
        thing(),
        thing(value="xn--kiv758g.test", fraud=False),
        *(thing(kind="url", value=url) for url in dict.fromkeys(urls)),
        thing(kind="line", value=texts[0]),
        thing(kind="bank", value=texts[1]),
        thing(kind="advertiser", value=f"meta:{texts[2]}", note=texts[3]),
        thing(kind="ip", value="2001:db8::7", host="hoshino-sale.test", fraud=False),
        thing(kind="certificate", value="ab" * 32, host="hoshino-sale.test", fraud=False),
        thing(kind="picture", value="cd" * 32, note=texts[4]),
        thing(kind="evidence", value="ef" * 32, note="manifest", fraud=False),
        brand=texts[5],
        by=SharingIdentity(name="X", contact=None),
        texts=(("body", texts[6]),),
        registered=(Registered(domain="hoshino-sale.test", created=texts[7], registrar=texts[0], abuse=texts[1]),),
    )
