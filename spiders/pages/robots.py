"""robots.txt -> what one robot may fetch, by RFC 9309, in time that no file can stretch.

A parser that keeps rules for every robot named needs minutes for a file of 500 kB that names 15,000 of them above
15,000 rules. Here only the rules of one robot are kept.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

PARSED_BYTES = 500 * 1024  # section 2.5: the least that must be parsed
MOST_WORK = 20_000_000  # characters of an address times rules with a wildcard, about 0.1 s; 100,000 where people wrote
_LINE_END = re.compile(r"\r\n?|\n")
_NAME = re.compile(r"[^\s/]*")  # a product token, without the version that some write behind it
_ALLOW = frozenset(("allow",))
_DISALLOW = frozenset(("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"))  # as people spell it
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_STARS = re.compile(r"\*+")
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")  # RFC 3986, section 2.3
# What stays as it is; "*" and "$" of an address are escaped, for a rule means something else by them.
_KEPT = "".join(sign for sign in map(chr, range(0x21, 0x7F)) if sign not in "*$")


class RobotsTrap(Exception):
    """There are too many rules to follow for so long an address."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line."""

    path: str  # as `_normal` writes it; "*" stands for anything
    ends: bool  # the address ends where the rule does ("$")
    allows: bool

    def matches(self, path: str) -> bool:
        """Tell whether it speaks of this path."""
        first, *others = self.path.split("*")
        if not path.startswith(first):
            return False
        if not others:
            return not self.ends or len(path) == len(first)
        place = len(first)
        for part in others[:-1]:
            found = path.find(part, place)
            if found < 0:
                return False
            place = found + len(part)
        if self.ends:
            return len(path) - len(others[-1]) >= place and path.endswith(others[-1])
        return path.find(others[-1], place) >= 0


class Robots:
    """What a robots.txt says to one robot."""

    def __init__(self, body: bytes, robot: str) -> None:
        """Read a file; any bytes are one.

        Args:
            body: what came. More than `PARSED_BYTES` is cut off, at the end of a line: half a rule may forbid all.
            robot: product token of the User-Agent, such as "mekiki".
        """
        if len(body) > PARSED_BYTES:
            body = body[:PARSED_BYTES].rpartition(b"\n")[0]
        rules = _rules(body.decode("utf-8-sig", "replace"), _token(robot))
        self._rules = sorted(set(rules), key=lambda rule: (len(rule.path) + rule.ends, rule.allows), reverse=True)
        self._wild = sum("*" in rule.path for rule in self._rules)

    def allows(self, url: str) -> bool:
        """Tell whether an address may be fetched: the longest rule that matches counts, of two equal ones "allow".

        Raises:
            RobotsTrap: that cannot be told in reasonable time.
        """
        parts = urlsplit(url)
        path = _normal((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        if path == "/robots.txt":
            return True
        if self._wild * len(path) > MOST_WORK:
            raise RobotsTrap(f"{self._wild} rules with wildcards")
        return next((rule.allows for rule in self._rules if rule.matches(path)), True)


def _rules(text: str, robot: str) -> list[_Rule]:
    """Return the rules of all groups that name the robot, or else of those for every robot."""
    found: dict[str, list[_Rule]] = {}
    named: set[str] = set()  # in the lines above; other robots are left out
    begun = False  # the group that they name has a rule
    for line in _LINE_END.split(text):
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            named, begun = (set() if begun else named), False
            if _token(value) in (robot, "*"):
                named.add(_token(value))
                found.setdefault(_token(value), [])
        elif key in _ALLOW | _DISALLOW:
            begun = True
            for name in named if value else ():
                found[name].append(_rule(value, allows=key in _ALLOW))
    return found.get(robot, found.get("*", []))


def _token(name: str) -> str:
    match = _NAME.match(name.strip())
    return match[0].lower() if match else ""


def _rule(value: str, *, allows: bool) -> _Rule:
    path = _normal(_STARS.sub("*", value.removesuffix("$")), safe=_KEPT + "*")
    return _Rule(path, value.endswith("$"), allows)


def _normal(path: str, safe: str = _KEPT) -> str:
    """Return a path as RFC 9309 compares it: in ASCII, no letter or digit escaped, other signs in one way only."""
    return quote(_ESCAPE.sub(lambda match: _unescaped(match[1]), path) if "%" in path else path, safe=safe)


def _unescaped(digits: str) -> str:
    sign = chr(int(digits, 16))
    return sign if sign in _PLAIN else f"%{digits.upper()}"
