"""Formatter: how a notice writes what strangers wrote, so that it stays one value on one line. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.message import Language
from detector.hosts import parse_host
from safety.screen import defang, defang_text, screen

LONGEST = 300  # characters of a stranger's words in a notice
LONGEST_URL = 2000  # of an address within the text; a field of its own has it whole
_DROPPED = str.maketrans("", "", "\t\r\n")  # what a browser leaves out of an address (WHATWG URL, section 4.1)
_TIME = "%H:%M:%S"
_ZONES_JA = {"Asia/Tokyo": "日本時間"}  # others have their key
_WHOLE = f"%Y-%m-%d {_TIME}"
_QUOTES = {"ja": ("「", "」", str.maketrans("「」", "『』")), "en": ("“", "”", str.maketrans("“”", "''"))}


def exact(url: str) -> str:
    """Return an address byte for byte; what nobody can see in it is written as a browser asks for it.

    Line breaks and tabs go, other characters that mislead or control are percent-encoded.
    """
    return "".join(
        character if screen(character) == character else _encoded(character) for character in url.translate(_DROPPED)
    )


def _encoded(character: str) -> str:
    sent = "\ufffd" if "\ud800" <= character <= "\udfff" else character  # as browsers send half a pair
    return "".join(f"%{byte:02X}" for byte in sent.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatter:
    """One way of writing: in a language, addresses so that they can be clicked or not."""

    language: Language
    zone: ZoneInfo
    inert: bool  # nothing is a link

    def line(self, text: str, limit: int = LONGEST) -> str:
        """Write words on one line, cut visibly."""
        shown = screen(" ".join(text.split()), limit=limit)
        return defang_text(shown) if self.inert else shown

    def quote(self, text: str, limit: int = LONGEST) -> str:
        """Write what somebody else said, in quotation marks that it cannot end."""
        first, last, table = _QUOTES[self.language]
        return f"{first}{self.line(text.translate(table), limit)}{last}"

    def url(self, url: str, limit: int | None = None) -> str:
        """Write an address or an id as it stood, see `exact`; cut visibly where there is a limit."""
        written = exact(url)
        if self.inert and ("://" in written or parse_host(written) is not None):
            written = defang(written)
        return written if limit is None or len(written) <= limit else written[: limit - 1] + "…"

    def moment(self, at: datetime) -> str:
        """Write a time in UTC and in the zone of the team."""
        here, utc = at.astimezone(self.zone), at.astimezone(UTC)
        if self.zone.key == "UTC":
            return f"{utc:{_WHOLE}} UTC"
        same = here.date() == utc.date()
        if self.language == "ja":
            zone = _ZONES_JA.get(self.zone.key, self.zone.key)
            return f"{here:{_WHOLE}}（{zone}、UTC {utc:{_TIME if same else _WHOLE}}）"
        return f"{utc:{_WHOLE}} UTC ({here:{_TIME if same else _WHOLE}} {self.zone.key})"
