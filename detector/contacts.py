"""Contacts: accounts by which campaigns are told apart: hand-offs in one spelling, mail addresses and numbers.

A number that is dialled wrongly still shows who wrote it: what looks like a Japanese telephone number counts, also
where no such number can be given out.
"""

import re
import unicodedata
from collections.abc import Iterator

from detector.handoffs import Handoff
from detector.items import Item

MOST: int = 20  # of an item
_MAIL = re.compile(r"(?<![\w.+-])([a-z0-9][a-z0-9._+-]{1,63}@(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24})(?![\w@])")
_NUMBER = re.compile(r"(?<![\d/.,=-])0\d{1,4}-\d{2,4}-\d{3,4}(?![\d-])")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ー－"), "-")
_ABROAD = re.compile(r"\+\d{1,3}[ -]?\(?\d{1,4}\)?(?:[ -]?\d{2,4}){1,4}(?!\d)")
_HANDLE = re.compile(
    r"(?<![a-z0-9_./@-])@?([a-z0-9]{2,20}(?:_[a-z0-9]{1,20}){1,4})(?![a-z0-9_@]|\.[a-z])"
    r"|(?<![a-z0-9_.])@([a-z0-9._-]{5,31})"
)
_LEAST_DIGITS, _MOST_DIGITS = 10, 11
_LEAST_HANDLE = 7


def account(handoff: Handoff) -> str:
    """Return an account in the spelling by which campaigns are compared."""
    if handoff.kind in ("line", "telegram"):
        return handoff.value.lstrip("@").lower()
    if handoff.kind == "bank":  # the words before the name of a bank are easily taken for a part of it
        return handoff.value.partition("/")[2] if handoff.value.count("/") == 3 else handoff.value
    return handoff.value


def contacts(text: str, item: Item) -> Iterator[str]:
    """Yield mail addresses, `mail:…`, and what looks like a Japanese telephone number, `phone:+81…`, each once."""
    folded = unicodedata.normalize("NFKC", text).translate(_DASHES).lower()
    mails = dict.fromkeys(match[1] for match in _MAIL.finditer(folded))
    if item.page is not None and item.page.seller.mail:
        mails[item.page.seller.mail.strip().lower()] = None
    mails |= dict.fromkeys(
        link[7:].partition("?")[0].lower() for link in item.links if link.lower().startswith("mailto:")
    )
    yield from (f"mail:{mail}" for mail in list(mails)[:MOST] if "@" in mail)
    digits = dict.fromkeys(match[0].replace("-", "") for match in _NUMBER.finditer(folded))
    digits |= dict.fromkeys(re.sub(r"^\+81", "0", link[4:]) for link in item.links if link.lower().startswith("tel:"))
    abroad = (re.sub(r"\D", "", match[0]) for match in _ABROAD.finditer(folded))
    yield from (f"phone:+{one}" for one in list(dict.fromkeys(abroad))[:MOST] if 9 <= len(one) <= 15)
    found = (one for one in digits if one.isdigit() and _LEAST_DIGITS <= len(one) <= _MOST_DIGITS)
    yield from (f"phone:+81{one[1:]}" for one in list(found)[:MOST])


def handles(text: str) -> Iterator[str]:
    """Yield names of accounts that a text mentions, as people choose them: with an underscore, or behind an @."""
    folded = unicodedata.normalize("NFKC", text).lower()
    found = dict.fromkeys((match[1] or match[2]).rstrip(".-_") for match in _HANDLE.finditer(folded))
    yield from [one for one in found if len(one) >= _LEAST_HANDLE and re.search("[a-z]", one)][:MOST]
