"""The forms of a page that ask for something worth stealing: passwords, cards, bank accounts, codes, who somebody is.

A field is known by everything that names it: its type, name, id, `autocomplete` (HTML standard 4.10.18.7), placeholder
and label. Fields outside of forms count as one form: scripts send them.
"""

import re
from collections.abc import Sequence
from typing import Any

from spiders.pages.links import web_url
from spiders.pages.markup import Document, Element

MOST_FORMS, MOST_FIELDS, MOST_LABELS = 30, 300, 200
MOST_NAMED = 8  # fields shown of one form
_LONGEST_NAME = 60
_PIECES = 60  # of text of a form that may hold the words of its button
_NO_FIELD = frozenset(("hidden", "submit", "button", "reset", "image", "file", "range", "color", "search"))

_CARD = re.compile(
    r"(?<![a-z])cc-?(?:number|num|csc|cvc|exp)|card[-_ ]?(?:no(?![a-z])|num)|credit[-_ ]?card"
    r"|(?<![a-z])cv[vc]2?(?![a-z])|security[-_ ]?code|カード番号|クレジットカード|セキュリティー?コード|カード名義"
)
_CODE = re.compile(
    r"one-time-code|(?<![a-z])t?otp(?![a-z])|one[-_ ]?time[-_ ]?pass|sms[-_ ]?code|verif\w{0,8}[-_ ]?code"
    r"|auth[-_ ]?code|(?<![a-z])[2m]fa(?![a-z])|認証コード|認証番号|ワンタイム|確認コード"
)
_BANK = re.compile(
    r"口座番号|暗証番号|取引パスワード|支店番号|支店コード|account[-_ ]?(?:number|no(?![a-z]))|(?<![a-z])pin(?![a-z])"
    r"|(?<![a-z])iban(?![a-z])|routing[-_ ]?num"
)
_USER = re.compile(
    r"(?<![a-z])user[-_ ]?(?:id|name)|login[-_ ]?(?:id|name)|(?<![a-z])identifier|account[-_ ]?id"
    r"|会員番号|会員id|ログインid|お客様番号|ユーザーid|ユーザー名|契約番号|current-password"
)
_PERSONAL = {
    "address": re.compile(r"住所|郵便番号|postal|(?<![a-z])zip|street|address(?!.{0,40}mail)"),
    "phone": re.compile(r"電話|携帯|(?<![a-z])tel(?![a-z])|phone|mobile"),
    "birth": re.compile(r"生年月日|誕生日|birth|(?<![a-z])dob(?![a-z])|bday"),
    "number": re.compile(r"マイナンバー|個人番号|運転免許|パスポート|passport|(?<![a-z])ssn(?![a-z])|my[-_]?number"),
}
_MAIL = re.compile(r"e?-?mail|メール")
_SIGNS_IN = re.compile(
    r"ログイン|サインイン|次へ|続ける|log ?in|sign ?in|(?<![a-z])next(?![a-z])|(?<![a-z])continue(?![a-z])"
)


def read_forms(
    document: Document, forms: Sequence[int], fields: Sequence[int], labels: Sequence[int], base: str, url: str
) -> list[dict[str, Any]]:
    """Read the forms of a page.

    Args:
        document: the page.
        forms: its `form` elements.
        fields: its `input`, `select` and `textarea` elements.
        labels: its `label` elements.
        base: what addresses are relative to.
        url: where the page came from: a form without an action posts there.

    Returns:
        As in `detector.page_facts.PageFacts.forms`; a form that asks for two kinds of things stands there twice.
    """
    named = _labels(document, labels)
    found: list[dict[str, Any]] = []
    for form, inside in _grouped(document, forms, fields).items():
        asked = _asked(document, form, inside, named)
        action = None if form < 0 else _action(document.elements[form].attributes.get("action", ""), base, url)
        found += [{"kind": kind, "fields": names, "action": action} for kind, names in asked.items()]
        if len(found) >= MOST_FORMS:
            break
    return found[:MOST_FORMS]


def _labels(document: Document, labels: Sequence[int]) -> dict[str, str]:
    """Return what labels say, by the id of their field."""
    named = {}
    for index in labels[:MOST_LABELS]:
        element = document.elements[index]
        if "for" in element.attributes:
            last = min(element.last_text, element.first_text + 10)
            named[element.attributes["for"]] = document.text(element.first_text, last)[:100]
    return named


def _grouped(document: Document, forms: Sequence[int], fields: Sequence[int]) -> dict[int, list[int]]:
    """Return the fields of each form, innermost first; -1 for those outside of forms."""
    groups: dict[int, list[int]] = {}
    around: list[int] = []
    waiting = list(reversed(forms))
    for field in fields[:MOST_FIELDS]:
        while waiting and waiting[-1] < field:
            around.append(waiting.pop())
        while around and document.elements[around[-1]].end <= field:
            around.pop()
        groups.setdefault(around[-1] if around else -1, []).append(field)
    return groups


def _asked(document: Document, form: int, fields: Sequence[int], named: dict[str, str]) -> dict[str, list[str]]:
    """Return what kinds of things a form asks for, and the fields that say so."""
    asked: dict[str, list[str]] = {}
    users: list[str] = []
    personal: dict[str, str] = {}
    for index in fields:
        element = document.elements[index]
        kind = element.attributes.get("type", "text").strip().lower()
        if kind in _NO_FIELD and element.tag == "input":
            continue
        words = _words(element, named)
        shown = _shown(element, named)
        if kind == "password":
            asked.setdefault("login", []).append(shown)
        for what, pattern in (("card", _CARD), ("otp", _CODE), ("bank", _BANK)):
            if pattern.search(words):
                asked.setdefault(what, []).append(shown)
        if _USER.search(words) and not (_CARD.search(words) or _BANK.search(words)):
            users.append(shown)
        for what, pattern in _PERSONAL.items():
            if pattern.search(words) and not (what == "address" and _MAIL.search(words)):
                personal.setdefault(what, shown)
    if users and ("login" in asked or _signs_in(document, form, fields)):
        asked["login"] = [*users, *asked.get("login", [])]
    if len(personal) > 1 or "number" in personal:
        asked["personal"] = list(personal.values())
    return {what: list(dict.fromkeys(names))[:MOST_NAMED] for what, names in asked.items()}


def _words(element: Element, named: dict[str, str]) -> str:
    """Return everything that names a field, in lower case."""
    attributes = element.attributes
    keys = ("name", "id", "autocomplete", "placeholder", "aria-label", "title")
    parts = [attributes[key][:100] for key in keys if key in attributes]
    return " ".join((*parts, named.get(attributes.get("id", ""), ""))).lower()


def _shown(element: Element, named: dict[str, str]) -> str:
    attributes = element.attributes
    label = named.get(attributes.get("id", ""))
    words = label or attributes.get("name") or attributes.get("id") or attributes.get("placeholder") or element.tag
    return " ".join(words.split())[:_LONGEST_NAME] or element.tag


def _signs_in(document: Document, form: int, fields: Sequence[int]) -> bool:
    """Tell whether a form with a name but no password goes on to one: the first of two steps."""
    first = document.elements[form].first_text if form >= 0 else document.elements[fields[0]].first_text
    end = document.elements[form].last_text if form >= 0 else len(document.texts)
    said = "".join(document.texts[first : min(end, first + _PIECES)])[:2000]
    values = (document.elements[index].attributes.get("value", "")[:40] for index in fields)
    return bool(_SIGNS_IN.search(f"{said} {' '.join(values)}".lower()))


def _action(action: str, base: str, url: str) -> str | None:
    """Return where a form posts to, without query: session ids and tokens change with every visit."""
    target = web_url(action, base) if action.strip() else url
    return target.partition("#")[0].partition("?")[0] if target else None
