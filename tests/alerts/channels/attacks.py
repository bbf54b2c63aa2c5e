"""Alerts in which every text that a stranger can choose is an attack, and those of every reason."""

import dataclasses
from collections.abc import Mapping

from alerts.compose import build_digest, digest_line
from alerts.message import Alert, CaseReason, Language
from alerts.notices import disabled_notice, source_notice
from alerts.notices import test_notice as notice_of_test
from detector.evidence import Evidence
from detector.items import Advertiser, Text
from storage.case_views import CaseDetail
from tests.alerts.samples import HOSTILE, NOW, alert_of, case, digest_of, hostile_case, item, summary, view

ATTACKS: Mapping[str, str] = {
    "slack": "<!channel> <!here> <@U012AB3CD> <#C01|general> <https://evil.test|Bank> *b* _i_ ~s~ ```x``` &lt;!all&gt;",
    "discord": "@everyone @here <@123> <@&456> <#789> <t:1> ||s|| **b** # h [Bank](https://evil.test) \\* `x` -# s",
    "teams": "<at>Everyone</at> {{DATE(2026-01-01T00:00:00Z)}} ${x} [Bank](https://evil.test) **b** _i_ ![p](https://evil.test)",
    "google": "<users/all> <a href='https://evil.test'>Bank</a> <b>b</b> &#60;a&#62; *b* <img src=https://evil.test/p>",
    "chatwork": "[To:1] [toall] [rp aid=1 to=2-3] [/info][/title][qt][code][picon:1][To:2]x [info] [hr] [.To:3]",
    "lineworks": '<m userId="all"> <m userId="a@evil.test"> <m userId=\\"all\\">',
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)><a href=javascript:alert(1)>x</a>{{ 7*7 }}{% raw %}",
    "lines": "x\r\nBcc: victim@evil.test\r\n\r\nhttps://evil.test/\n.\n\u2028\u2029\x85\x0b\x0c\x1b[2J\x07",
    "invisible": "\u202eecilop\u202c\u2066x\u2069\u200b\u200d\ufeff\u00ad\U000e0041\u061c\u3164 https://evil.test",
    "marks": "\x02bold\x03\x04code\x03\x00\ud800 [.][@][:] https://evil.test www.evil.test evil.test victim@evil.test",
    "links": "[.](//evil.test) [:](discord://-/evil) [@]: //evil.test [.][@]",
    "words of headers": "=?utf-8?q?=0D=0ABcc:_victim@evil.test=0D=0A=0D=0Ax?= =?utf-8?b?G1sybQ==?= =?x?q?=E2=80=AE?=",
    "long": "&<>*`@[]" * 5000,
    "wide": "𠮷😀" * 20_000,
    "words": "なりすまし" * 8_000,
    "all": HOSTILE,
}


def attacked(text: str, items: int = 4, **fields: object) -> CaseDetail:
    """Return a case whose every text is this one."""
    evidence = tuple(
        Evidence(signal=f"x.{n}", weight=9.0 - n, strength=1.0, observed=text, expected=text, says=f"{text} {n}")
        for n in range(5)
    )
    bad = item(
        id=text,
        platform=text,
        url=text,
        advertiser=Advertiser(id=text, name=text, payer=text),
        texts=(Text(role="body", text=text),),
        links=(text, f"https://evil.test/?x={text}", *(text,) * 8),
        display_url=text,
        publisher_url=text,
    )
    views = (view(n, item=bad, evidence=evidence, sources=("news-ads",), pictures=()) for n in range(items))
    return case(*views, title=text, campaign=text, **fields)


def hostile_digest(text: str, cases: int = 200, language: Language = "en") -> Alert:
    """Return a digest in which every title is this text."""
    line = digest_line(dataclasses.replace(summary(1), title=text), "first", 3, brand_name=text)
    lines = [dataclasses.replace(line, case=number) for number in range(1, cases + 1)]
    return build_digest(lines, language, receiver="desk", since=None, at=NOW)


REASONS: tuple[CaseReason, ...] = ("first", "new_items", "escalated", "relapsed", "repeat")
LANGUAGES: tuple[Language, ...] = ("en", "ja")
ALERTS: Mapping[str, Alert] = {
    **{f"{reason} {language}": alert_of(None, reason, 12, language) for reason in REASONS for language in LANGUAGES},
    **{f"attack {name}": alert_of(attacked(text)) for name, text in ATTACKS.items()},
    **{f"digest {name}": hostile_digest(text) for name, text in ATTACKS.items()},
    "digest ja": digest_of(30, "ja"),
    "digest of nothing": digest_of(0),
    "200 items": alert_of(attacked(HOSTILE, items=200, item_count=200), "new_items", 200, "ja"),
    "200 long items": alert_of(attacked("𠮷" * 40_000, items=200, item_count=200), "new_items", 200, "ja"),
    "hostile": alert_of(hostile_case(), "new_items", 3, "ja"),
    "test": notice_of_test("legal-chat", "en", NOW),
    "disabled": disabled_notice("legal-chat", 42, "ja", NOW),
    "unwell": source_notice("news-ads", "silent", "ja", NOW),
    "well": source_notice("news-ads", "", "en", NOW),
}
