"""Whom a page counts its visitors for: accounts of analytics and advertising services that its scripts name.

Who copies a page copies its trackers, too; who builds many pages puts one tracker of their own on all of them. Patterns
are anchored at what the services' snippets cannot do without, and linear in the page.
"""

import re
from collections.abc import Iterator

MOST_TRACKERS = 20
LONGEST = 1_000_000  # characters of a page that are looked through
# (service, what each of its accounts stands behind, pattern whose group is the account), as the services' own
# instructions write them. The words alone are enough to leave most patterns out.
_SNIPPETS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    (
        "Google Analytics",
        ("G-", "UA-"),
        re.compile(r"[\"'=/,](G-[A-Z0-9]{6,12}|UA-\d{4,10}-\d{1,4})(?![\w-])"),
    ),
    ("Google Tag Manager", ("GTM-",), re.compile(r"[\"'=/](GTM-[A-Z0-9]{4,9})(?![\w-])")),
    ("Google Ads", ("AW-",), re.compile(r"[\"'=/](AW-\d{8,12})(?!\d)")),
    ("Meta pixel", ("fbq(",), re.compile(r"fbq\(\s{0,3}[\"']init[\"']\s{0,3},\s{0,3}[\"']?(\d{10,20})(?!\d)")),
    (
        "Meta pixel",
        ("facebook.com/tr",),
        re.compile(r"facebook\.com/tr/?\?(?:[\w=]{1,40}&(?:amp;)?){0,5}id=(\d{10,20})(?!\d)"),
    ),
    ("TikTok pixel", ("ttq.load(",), re.compile(r"ttq\.load\(\s{0,3}[\"']([A-Z0-9]{15,25})[\"']")),
    (
        "Yahoo! JAPAN tag",
        ("yahoo_",),
        re.compile(r"yahoo_(?:retargeting_id|conversion_id|ydn_conv_io)[\"']?\s{0,3}[:=]\s{0,3}[\"']?([\w.-]{4,60})"),
    ),
    ("Microsoft Clarity", ("clarity.ms/",), re.compile(r"clarity\.ms/tag/([a-z0-9]{8,12})(?![a-z0-9])")),
    (
        "Microsoft Clarity",
        ("clarity",),
        re.compile(r"[\"']clarity[\"']\s{0,3},\s{0,3}[\"']script[\"']\s{0,3},\s{0,3}[\"']([a-z0-9]{8,12})[\"']"),
    ),
    ("LINE Tag", ("tagId",), re.compile(r"tagId[\"']?\s{0,3}:\s{0,3}[\"']([0-9a-f]{8}-[0-9a-f-]{27})[\"']")),
)


def read_trackers(html: str) -> list[str]:
    """Return service and account of each tracker, each once, e.g. `Google Analytics G-ABC1234567`."""
    found = dict.fromkeys(_named(html[:LONGEST]))
    return list(found)[:MOST_TRACKERS]


def _named(html: str) -> Iterator[str]:
    for service, words, pattern in _SNIPPETS:
        if any(word in html for word in words):
            for match in pattern.finditer(html):
                yield f"{service} {match[1]}"
