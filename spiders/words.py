"""How a request stands in a line of the report: its address masked and cut, and what follows from a refusal."""

import re

from safety.secret import MASK, redact

TO_DO = {  # what follows from a refusal of which the interface says no more
    "rate_limited": "; the next run goes on",
    "transient": "; the next run asks again",
    "too_much": "; even the smallest page is too much: narrow `queries` or `countries`",
}
LONGEST_WHERE = 120  # characters of an address in a line, so that what is said of it is not cut off
_TOKENS = re.compile(r"(?i)([?&](?:access_token|api_key|apikey|token|key|sig|signature)=)[^&#\s\"\\]+")


def masked(text: str) -> str:
    """Return the text without the secrets of this process, and without what looks like a token in an address."""
    return _TOKENS.sub(rf"\1{MASK}", redact(text))


def shown(url: str) -> str:
    """Return an address as it stands in a line: masked, and not so long that it crowds out what is said of it."""
    whole = masked(url)
    return whole if len(whole) <= LONGEST_WHERE else f"{whole[:LONGEST_WHERE]}…"
