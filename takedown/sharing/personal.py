"""Personal: addresses and texts without what could tell of people: who was led there, who is named. Pure.

It errs on the side of leaving out: an address keeps of its query what is short and plain, and ends where its path
begins to name somebody; a text loses mail addresses, numbers and what stands behind words such as 口座名義.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Collection
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from config.sharing import Part
from detector.evidence import TextSpan
from detector.handoffs import HandoffKind, find_handoffs
from detector.hosts import Host, destination, parse_host
from spiders.visits.click_ids import without_click_ids

LONGEST_URL = 2000  # characters; longer addresses are cut at the end of a step of their path
HIDDEN = "[…]"
PART_OF: dict[HandoffKind, Part] = {
    "line": "handoffs",
    "telegram": "handoffs",
    "whatsapp": "handoffs",
    "phone": "handoffs",
    "wallet": "payees",
    "bank": "payees",
}
_ENCODINGS = 3  # of one value that are taken off
_MAIL = re.compile(
    r"[^\s@＠/<>()\[\]\"'「」:;,&=?]{1,64}[@＠](?:[\w\u0080-\U0010ffff-]{1,63}[.．]){1,6}[\w\u0080-\U0010ffff-]{2,24}"
)
_NUMBER = re.compile(r"(?<![\d.])(?:\+|00?[1-9])[\d() ‐‑–ー－-]{7,18}\d(?![\d.])")
_DIGITS = re.compile(r"\+?\d{9,}")
_NAMED = re.compile(
    r"(?P<label>(?:口座)?名義人?|代表者?|責任者|担当者?|氏名|お名前|販売業者|account holder|payee)"
    r"(?P<sign>\s{0,3}(?:は|[:：／/])?\s{0,3})"
    r"(?P<name>[^\s、。,，()（）<>]{1,40}(?:[ \u3000][^\s、。,，()（）<>]{1,40})?)",
    re.IGNORECASE,
)
_URL = re.compile(r"(?i)https?://[^\s<>\"'「」（）、。]+")
# Parameters whose values tell of people, whatever they look like.
_PEOPLE = re.compile(
    r"(?i)(?:e|e?_?mail\w*|addr\w*|user\w*|uid|login|name|[fl]name|first_?name|last_?name|full_?name|kana|tel\w*|phone\w*"
    r"|mobile\w*|zip\w*|post\w*|birth\w*|dob|age|sex|gender|member\w*|customer\w*|client\w*|account\w*|acct|pass\w*|pwd?"
    r"|sess\w*|phpsessid|jsessionid|auth\w*|otp|code|order\w*|ip|lat|lng|lon|geo|to|rcpt|recipient|contact\w*|line_?id)"
)
_PLAIN = re.compile(r"[A-Za-z0-9._~-]{0,24}")
_STRAY = re.compile("%(?![0-9A-Fa-f]{2})")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


def aim(url: str) -> Host | None:
    """Return where a link leads, `raw` being the address itself: what a redirector carries is taken out of it."""
    return destination(url) or parse_host(url)


def shared_url(url: str) -> str | None:
    """Return an address in ASCII without user, fragment and whatever could tell who was led there.

    None for what is no web address.
    """
    host = parse_host(url)
    if host is None:
        return None
    try:
        parts = urlsplit(without_click_ids(url.strip().replace("\\", "/")))
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower() or "http"
    if scheme not in ("http", "https"):
        return None
    name = f"[{host.ascii}]" if ":" in host.ascii else host.ascii
    head = f"{scheme}://{name}" + (f":{port}" if port and port != {"http": 80, "https": 443}[scheme] else "")
    path, whole = _path(host.path, LONGEST_URL - len(head))
    query = "&".join(pair for pair in parts.query.split("&") if pair and _says_nothing(pair)) if whole else ""
    made = f"{head}{path}" + (f"?{_encoded(query)}" if query else "")
    return made if len(made) <= LONGEST_URL else f"{head}{path}"


def _path(path: str, room: int) -> tuple[str, bool]:
    """Return the steps of a path before the first that could name somebody, and whether these are all."""
    kept = ""
    for step in path.split("/")[1:]:
        plain = _encoded(step.partition(";")[0])
        if _names_somebody(step) or len(kept) + len(plain) + 1 > room:
            return f"{kept}/", False
        kept += f"/{plain}"
    return kept or "/", True


def _encoded(text: str) -> str:
    return _STRAY.sub("%25", quote(text, safe="!$&()*+,;=:@/?%~-._", errors="replace"))


def _says_nothing(pair: str) -> bool:
    """Tell whether a parameter is short and plain, and not one that is made for people's data."""
    name, _, value = pair.partition("=")
    name, plain = unquote_plus(name), unquote_plus(value)
    if not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(plain) or _PEOPLE.fullmatch(name):
        return False
    return not (_names_somebody(value) or _DIGITS.fullmatch(plain.replace("-", "")) or _IP.fullmatch(plain))


def _names_somebody(text: str) -> bool:
    """Tell whether a step of a path, or a value, holds a mail address or a telephone number, encoded or not."""
    for _ in range(_ENCODINGS):
        if _MAIL.search(text) or _NUMBER.search(text):
            return True
        plain = unquote(text)
        if plain == text:
            break
        text = plain
    if len(text) >= 8 and re.fullmatch(r"[A-Za-z0-9+_=-]+", text):
        try:
            decoded = urlsafe_b64decode(text.replace("+", "-") + "=" * (-len(text) % 4)).decode("utf-8")
        except ValueError:
            return False
        return _MAIL.search(decoded) is not None
    return False


def shared_text(text: str, include: Collection[Part]) -> str:
    """Return a text in which mail addresses, names behind certain words, and what is not included are hidden."""
    spans = [
        one.where.span
        for one in find_handoffs([text])
        if isinstance(one.where, TextSpan) and PART_OF[one.kind] not in include
    ]
    for first, last in sorted(spans, reverse=True):
        text = f"{text[:first]}{HIDDEN}{text[last:]}"
    text = _URL.sub(lambda found: shared_url(found[0]) or HIDDEN, text)
    text = _NAMED.sub(lambda found: f"{found['label']}{found['sign']}{HIDDEN}", _MAIL.sub(HIDDEN, text))
    return text if "handoffs" in include else _NUMBER.sub(HIDDEN, text)
