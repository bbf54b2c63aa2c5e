"""Walls: pages that stand in front of the one asked for, and must never count as an empty one.

A wall has little text of its own and one of the marks below. An article about captchas, a shop with a login form and a
contact form that asks for one are pages.
"""

import re

from spiders.pages.encoding import decode
from spiders.pages.links import host
from spiders.pages.markup import Document
from spiders.pages.reader import read_document

LARGEST = 500_000  # bytes that are looked at; a wall is small
MOST_TEXT = 900  # characters that a wall says; an article says more
# Titles of well-known checks, whole.
_TITLES = re.compile(
    r"(?i)just a moment\W*|attention required!.*cloudflare|access denied|access to this page has been denied.*|"
    r"are you (?:a robot|human)\W*|robot check|pardon our interruption\W*|security (?:check|verification)|ddos-guard|"
    r"checking your browser.*|verify(?:ing)? you are (?:a )?human\W*|bot (?:check|verification)|human verification|"
    r"アクセスが拒否されました|(?:私は)?ロボットではありません|ロボットではないことを確認.*|画像認証"
)
# Parts that only such checks have, by id, class or address of a frame, script or form.
_CHECKS = re.compile(
    r"(?i)challenge-form|challenge-running|cf-chl|cf-turnstile|px-captcha|captcha-delivery\.com|geo\.captcha|"
    r"\bg-recaptcha\b|\bh-captcha\b|recaptcha/(?:api|enterprise)|hcaptcha\.com|awswaf|/_incapsula_|distil"
)
_CONSENT_HOSTS = (
    "consent.google.com",
    "consent.youtube.com",
    "consent.yahoo.com",
    "guce.yahoo.com",
    "privacy-mgmt.com",
)
_LOGIN_PATH = re.compile(r"(?i)/(?:log-?in|sign-?in|accounts?/login|signup|register|subscribe)(?:[/?.]|$)")


def wall(document: Document, title: str, *, url: str, asked: str) -> str | None:
    """Return what stands in front of a page, in words; None where the page itself came.

    Args:
        document: the answer.
        title: of its window.
        url: where it came from, after redirects.
        asked: the address that was asked for.
    """
    if any(host(url) == known or host(url).endswith("." + known) for known in _CONSENT_HOSTS):
        return "a consent wall"
    said = 0
    for piece in document.texts:
        said += len(piece.strip())
        if said > MOST_TEXT:
            return None
    if _TITLES.fullmatch(" ".join(title.split())):
        return "a captcha or bot check"
    if (
        url != asked
        and _LOGIN_PATH.search(_path(url))
        and not _LOGIN_PATH.search(_path(asked))
        and _has_password(document)
    ):
        return "a login wall"
    if _is_check(document):
        return "a captcha or bot check"
    return None


def wall_of(body: bytes, *, url: str, asked: str) -> str | None:
    """Return what stands in front of what was asked for, from the bytes of an answer; see `wall`. A sandbox target."""
    document = read_document(decode(body[:LARGEST])[0])
    titles = [number for number, element in enumerate(document.elements) if element.tag == "title"]
    return wall(document, document.text_of(titles[0]) if titles else "", url=url, asked=asked)


def _path(url: str) -> str:
    return url.partition("//")[2].partition("/")[1] + url.partition("//")[2].partition("/")[2]


def _has_password(document: Document) -> bool:
    return any(
        element.tag == "input" and element.attributes.get("type", "").lower() in ("password", "email")
        for element in document.elements
    )


def _is_check(document: Document) -> bool:
    """Tell a check from a page with a form of its own: it asks for nothing that a person types, and links nowhere."""
    typed = any(
        element.tag in ("textarea", "select")
        or (
            element.tag == "input"
            and element.attributes.get("type", "text").lower() in ("text", "email", "password", "tel")
        )
        for element in document.elements
    )
    links = sum(element.tag == "a" and "href" in element.attributes for element in document.elements)
    if typed or links > 5:
        return False
    return any(
        _CHECKS.search(element.attributes.get(name, ""))
        for element in document.elements
        for name in ("id", "class", "src", "action")
    )
