"""Click ids: what an ad system, a mailer or a cloaker hangs onto an address; a page is the same without it."""

import re
from urllib.parse import unquote_plus

_NAMES = re.compile(
    r"(?i)(?:utm_\w+|[a-z]{1,4}clid|click_?id|gad_\w+|gbraid|wbraid|_ga|_gl|mc_[ce]id|igshid|yclid|twclid|ttclid|srsltid|"
    r"aff(?:_?id|_?sub\d?)?|sub_?(?:id)?\d*|cid|campaign\w*|adset\w*|ad_?(?:id|name)|creative\w*|placement|source|token|key|k|s|sid)"
)
LEAST_RANDOM = 10  # characters of a value with letters and digits that no person chose


def without_click_ids(url: str) -> str:
    """Return an address without the parameters that only say who clicked where; the rest stays byte for byte."""
    address, hash_, fragment = url.partition("#")
    path, mark, query = address.partition("?")
    kept = [pair for pair in query.split("&") if pair and not _tells_a_click(pair)]
    return path + (mark + "&".join(kept) if kept else "") + hash_ + fragment


def _tells_a_click(pair: str) -> bool:
    name, _, value = pair.partition("=")
    if _NAMES.fullmatch(unquote_plus(name)):
        return True
    plain = unquote_plus(value)
    mixed = any(letter.isdigit() for letter in plain) and any(letter.isalpha() for letter in plain)
    return len(plain) >= LEAST_RANDOM and mixed and plain.isalnum()
