"""Values that the tests of alerts share: a case, its hostile twin, a configuration."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.compose import build_alert, build_digest, digest_line
from alerts.message import Alert, CaseReason, Language
from config import Config
from detector.evidence import Evidence, ImageBox, LinkAt, TextSpan
from detector.items import Advertiser, Item, Text
from detector.verdict import Verdict
from storage.case_views import CaseDetail, CaseItemView, CaseSummary, PictureView

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)

# What nothing shown may hold: bidi override, escape, zero width, tag character, isolate, line break.
RAW = ("\u202e", "\x1b", "\u200b", "\U000e0041", "\u2067", "\u2028", "\ufeff")
HOSTILE = (
    "<!channel> <!here> <@U012AB3CD> *bold* _it_ ~s~ `code` & <https://evil.test|Bank> [x](http://evil.test/a) "
    "\u202eecilop\u202c \x1b[31mred\u200b\U000e0041\u2067\u2028\ufeff\r\nBcc: victim@evil.test\r\n\r\n"
    "<script>alert(1)</script> "
    "<img src=http://evil.test/p.png> www.evil.test evil.test @everyone ```"
)


def item(**fields: Any) -> Item:
    """Return a fraudulent ad."""
    defaults: dict[str, Any] = {
        "id": "ad-1",
        "kind": "ad",
        "platform": "meta",
        "url": "https://ads.example/library/?id=1",
        "advertiser": Advertiser(id="1", name="Hoshino Denki Outlet 公式"),
        "texts": (Text(role="body", text="星野電機 公式アウトレット 本日限り90%OFF"),),
        "links": ("https://hoshino-denki-sale.test/lp?c=1",),
        "images": ("banner.png",),
        "publisher_url": "https://news.example/article/7",
    }
    return Item(**{**defaults, **fields})


EVIDENCE = (
    Evidence(
        signal="host.lookalike",
        weight=2.1,
        strength=0.93,
        observed="hoshino-denki-sale.test",
        expected="hoshino-denki.example",
        where=LinkAt(link=0),
        says="The link's host imitates an official domain of the brand.",
    ),
    Evidence(
        signal="name.mention",
        weight=1.4,
        strength=1.0,
        observed="星野電機",
        expected="星野電機",
        where=TextSpan(text=0, span=(0, 4)),
        says="The text uses the brand's name.",
    ),
    Evidence(
        signal="picture.copy",
        weight=3.0,
        strength=0.98,
        observed="banner.png",
        expected="ruscool.jpg",
        where=ImageBox(image=0, box=(0, 0, 600, 314)),
        says="The picture is a protected picture of the brand.",
    ),
    Evidence(
        signal="context.news",
        weight=-0.4,
        strength=0.2,
        observed="2019",
        expected="",
        says="The domain is old.",
    ),
    Evidence(
        signal="lure.offer",
        weight=0.8,
        strength=0.7,
        observed="90%OFF",
        expected="",
        says="The text lures with a discount.",
    ),
)


def view(item_id: int = 7, **fields: Any) -> CaseItemView:
    """Return one flagged item of a case."""
    seen = fields.pop("item", item())
    score = fields.pop("score", 0.97)
    evidence = fields.pop("evidence", EVIDENCE)
    defaults: dict[str, Any] = {
        "item_id": item_id,
        "item": seen,
        "version_id": item_id,
        "first_seen": datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
        "last_seen": datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
        "sightings": 3,
        "sources": ("news-ads",),
        "verdict": Verdict(
            id=seen.id, brand="hoshino", score=score, decision="impersonation", evidence=evidence, policy="2026.1"
        ),
        "pictures": (PictureView(reference="banner.png", sha256="a" * 64, rendition="b" * 64, width=1200, height=628),),
    }
    return CaseItemView(**{**defaults, **fields})


def case(*views: CaseItemView, **fields: Any) -> CaseDetail:
    """Return a case with these items, best first."""
    items = views or (view(),)
    defaults: dict[str, Any] = {
        "id": 42,
        "brand": "hoshino",
        "campaign": "host:hoshino-denki-sale.test",
        "state": "open",
        "snoozed_until": None,
        "score": max(entry.verdict.score for entry in items),
        "decision": "impersonation",
        "item_count": len(items),
        "opened_at": datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
        "last_seen": datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
        "assignee": None,
        "title": "Hoshino Denki Outlet 公式",
        "top_evidence": None,
        "log_id": 1,
        "priority": 2.4,
        "harm": "normal",
        "due_at": None,
        "judged_at": None,
        "merged_into": None,
        "tags": (),
        "held": False,
        "suppressed_until": None,
        "takedown_asked": None,
        "sightings": 3,
        "publishers": 1,
        "items": items,
        "visits": (),
        "registration": None,
        "similar": (),
        "log": (),
        "deliveries": (),
    }
    return CaseDetail(**{**defaults, **fields})


def hostile_case() -> CaseDetail:
    """Return a case in which every text that a stranger can choose is an attack."""
    evidence = Evidence(
        signal="x.hostile", weight=1.0, strength=1.0, observed=HOSTILE, expected=HOSTILE, says=f"Says {HOSTILE}"
    )
    bad = item(
        id=HOSTILE,
        platform=HOSTILE,
        url=f"https://evil.test/{HOSTILE}",
        advertiser=Advertiser(id=HOSTILE, name=HOSTILE, payer=HOSTILE),
        texts=(Text(role="body", text=HOSTILE),),
        links=(f"https://evil.test/?next=https://evil.test/{HOSTILE}", "javascript:alert(1)", HOSTILE),
        display_url=HOSTILE,
        publisher_url=HOSTILE,
    )
    return case(view(item=bad, evidence=(evidence,)), title=HOSTILE, campaign=HOSTILE)


def alert_of(
    detail: CaseDetail | None = None, reason: CaseReason = "first", new: int = 1, language: Language = "en"
) -> Alert:
    """Return the alert about a case."""
    return build_alert(detail or case(), reason, new, language, brand_name="星野電機", at=NOW)


def summary(number: int = 1, **fields: Any) -> CaseSummary:
    """Return one case of a list."""
    detail = case(id=number, title=f"Hoshino Denki Outlet {number}", score=0.97 - number / 1000 + 0.001, **fields)
    names = (field.name for field in dataclasses.fields(CaseSummary) if field.name != "items")
    return CaseSummary(items=12, **{name: getattr(detail, name) for name in names})


def digest_of(cases: int = 3, language: Language = "en", **fields: Any) -> Alert:
    """Return the digest of so many cases, each of which has 12 items, 3 of them new."""
    lines = [digest_line(summary(n, **fields), "first", 3, brand_name="星野電機") for n in range(1, cases + 1)]
    return build_digest(lines, language, receiver="desk", since=NOW - timedelta(days=1), at=NOW)


def config_of(
    tmp_path: Path,
    receivers: Sequence[Mapping[str, Any]] = (),
    routes: Sequence[Mapping[str, Any]] = (),
    allow: Sequence[str] = ("127.0.0.1:*",),
    hosts: Mapping[str, str] | None = None,
    **alerting: Any,
) -> Config:
    """Return a configuration as the TOML file would give it."""
    return Config.model_validate(
        {
            "crawler": {"contact": "https://hoshino-denki.example/contact"},
            "egress": {"allow": list(allow), "hosts": dict(hosts or {})},
            "alerting": {"group_wait": "30s", "group_interval": "5m", **alerting},
            "brand": [{"key": "hoshino", "name": "星野電機"}],
            "source": [{"key": "news-ads", "kind": "web", "urls": ["https://news.example/"]}],
            "receiver": [dict(row) for row in receivers],
            "route": [dict(row) for row in routes],
        },
        context={"base": tmp_path},
    )
