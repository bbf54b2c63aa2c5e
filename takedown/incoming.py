"""A mail that came back -> who wrote it, what it is about, what is new in it. A sandbox target.

What it quotes is told apart from what is new, because only that is an answer; our reference is looked for in both. A
mail that a colleague passes on, attached or below a line that says so, is read as the mail inside it. A returned mail
(RFC 3464, or one without its parts) is told as such, with the address that it did not reach.
"""

import re
import unicodedata
from collections.abc import Iterator
from email import policy
from email.errors import HeaderParseError, MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import Any

from bs4 import BeautifulSoup

from spiders.pages.encoding import decode
from spiders.pages.linear import measure, read_linear
from spiders.pages.mail import BROKEN, header_of, parts_of, text_of
from spiders.pages.markup import INLINE

MOST_PARTS = 200  # of one mail
MOST_IDS = 100  # in References
MOST_TOKENS = 300  # that could be a reference of theirs
MOST_SQUEEZED = 1000  # the same, as others space it
MOST_PIECES = 5  # of one reference
SHORTEST, LONGEST = 6, 40  # characters of one without blanks and dashes
LONGEST_TEXT = 4000  # characters of what is new
READ = 200_000  # characters of a mail's words
DEEPEST = 3  # mails inside each other
MOST_ELEMENTS = 5000  # of an HTML body; trees that are edited take time that grows faster than they do

_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")
_ANGLES = re.compile(r"<\s*([^\s<>@]{1,100}@[^\s<>@]{1,250})\s*>")
_BARE = re.compile(r"([^\s<>@,;:\"()\[\]]{1,100}@[A-Za-z0-9.-]{1,250})")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:-]{3,98}[A-Za-z0-9]")
_WORD = re.compile(r"[A-Za-z0-9]{1,40}")
_GAP = re.compile(r"[ #-]{1,3}")  # between the parts of a reference
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc", "-"))
_RETURNED = re.compile(r"(?i)^(?:mailer-daemon|postmaster)@")
_STATUS = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")
_FAILED = re.compile(r"(?im)^(?:final|original)-recipient:[ \t]*[a-z0-9-]{1,20};[ \t]*<?([^\s<>;,]{3,254})>?")
_QUOTED = re.compile(r"^[ \t\u3000]{0,3}[>＞]")
# Everything below one of these is what was written before.
_BELOW = re.compile(
    r"(?i)^[ \t]*(?:(?:-{2,}|_{2,}|[=*]{2,})[ \t]*)?(?:original message|original appointment|original mail|"
    r"元のメッセージ|オリジナル ?メッセージ|元のメール)[ \t]*(?:(?:-{2,}|_{2,}|[=*]{2,})[ \t]*)?$"
)
_PASSED_ON = re.compile(
    r"(?i)^[ \t]*(?:-{2,}|_{2,})[ \t]*(?:forwarded message|begin forwarded message|転送(?:された)?メッセージ|"
    r"転送メール)[ \t:：]*(?:(?:-{2,}|_{2,})[ \t]*)?$|^begin forwarded message:$"
)
_WROTE = re.compile(
    r"(?i)^.{0,300}(?:wrote|writes|schrieb|a écrit|(?:は|が|さんは)?書きました|のメッセージ)[ \t]*[:：]$"
)
_ON_DAY = re.compile(r"^(?:On .{5,200}|\d{4}年\d{1,2}月\d{1,2}日.{0,200}|\d{4}[/-]\d{1,2}[/-]\d{1,2}.{0,200})[:：]$")
_HEAD = re.compile(r"(?i)^[ \t*]*(?:from|差出人|送信者|from名)[ \t*]*[:：]")
_HEADS = re.compile(r"(?i)^[ \t*]*(?:sent|date|to|cc|subject|送信日時|日時|日付|宛先|件名)[ \t*]*[:：]")
_SIGNATURE = re.compile(r"^-- $")
_ABOVE = re.compile(
    r"(?i)^\W*(?:please )?(?:type your reply|reply|write) above this line\W*$|^\W*この行より上に.{0,40}$"
)
_QUOTES = (
    "blockquote, .gmail_quote, .gmail_quote_container, .yahoo_quoted, .moz-cite-prefix, #divRplyFwdMsg, #appendonsend"
)


def parse_reply(body: bytes, *, reference: str, own: list[str] | None = None) -> dict[str, Any]:
    """Read a mail that came back.

    Args:
        body: as it was saved (RFC 5322).
        reference: what ours look like, a regular expression.
        own: our mail domains, lower case: what comes from there is passed on by a colleague.

    Returns:
        `sender` (as the header says), `address` (lower case; "" for none, or several of different domains), `subject`,
        `at` (ISO 8601 with offset, or ""), `answers_to` (message ids, latest first), `ours` (references of ours:
        `subject`, `text`, `quoted`), `tokens` (words in subject and text that could be a reference of theirs),
        `squeezed` (the same in lower case without blanks and dashes, of several words, too), `text` (what is new, cut),
        `automatic`, `returned` (`recipient`, `status`, `words`, `delayed`; or None), `notes`.

    Raises:
        ValueError: it is no mail.
    """
    try:
        message = BytesParser(policy=policy.default).parsebytes(body)
        if not any(message.get(name) for name in ("From", "Subject", "Date", "Message-ID")):
            raise ValueError("no mail: it has neither From, Subject, Date nor Message-ID")
        found = _read(message, frozenset(own or ()), 0)
    except (RecursionError, MessageError, *BROKEN) as error:
        raise ValueError(f"the mail is broken: {type(error).__name__}") from error
    return _named(found, reference)


def parse_pasted(body: bytes, *, reference: str) -> dict[str, Any]:
    """Read what a person copied out of a mail or a web page; same result as `parse_reply`, without headers."""
    new, quoted = split_quotes(decode(body)[0][:READ])
    return _named(_result(new=new, quoted=quoted), reference)


def split_quotes(text: str) -> tuple[str, str]:
    """Return what is new in a text, and what it quotes; all of it is new where nothing would be."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    new: list[str] = []
    quoted: list[str] = []
    for number, line in enumerate(lines):
        following = next((one for one in lines[number + 1 : number + 4] if one.strip()), "")
        if _QUOTED.match(line):
            quoted.append(line)
        elif _ABOVE.match(line):
            continue
        elif _begins_quote(lines, number):
            if _QUOTED.match(following):  # what is quoted is marked itself; answers may stand between
                continue
            quoted += lines[number:]
            break
        elif _SIGNATURE.match(line):
            quoted += [one for one in lines[number:] if _QUOTED.match(one)]
            break
        else:
            new.append(line)
    written = "\n".join(new).strip()
    return (written, "\n".join(quoted)) if written else (text.strip(), "")


def _read(message: EmailMessage, own: frozenset[str], depth: int) -> dict[str, Any]:
    """Read one message, or the one inside it that it passes on."""
    notes: list[str] = []
    plain: list[str] = []
    html: list[str] = []
    inner: list[EmailMessage] = []
    states: list[str] = []
    for number, part in enumerate(parts_of(message)):
        if number >= MOST_PARTS:
            notes.append(f"only the first {MOST_PARTS} parts of the mail were read")
            break
        kind = part.get_content_type()
        if kind in ("message/rfc822", "text/rfc822-headers"):
            inner.append(_inside(part))
        elif kind == "message/delivery-status":
            states.append(_headers_in(part))
        elif kind in ("text/plain", "text/html") and not part.is_attachment():
            (html if kind == "text/html" else plain).append(text_of(part)[:READ])
    sender, address = _sender(message)
    returned = _returned(message, address, states, "\n".join(plain))
    words = "\n".join(plain) if any(text.strip() for text in plain) else "\n".join(_words(text) for text in html)
    if returned is None and address.rpartition("@")[2] in own and depth < DEEPEST:
        if inner:
            found = _read(inner[0], own, depth + 1)
            return {**found, "notes": [*notes, *found["notes"]]}
        passed = _passed_on(words)
        if passed is not None:
            sender, words = passed
            address = _address(sender)
    new, quoted = split_quotes(words[:READ])
    older = [*(_words(text) for text in html if plain), *(_outline(one) for one in inner), *states]
    return _result(
        sender=sender,
        address=address,
        subject=header_of(message, "Subject"),
        at=_moment(message),
        answers_to=_ids(message, *inner),
        new=new,
        quoted="\n".join((quoted, *older)),
        automatic=_automatic(message),
        returned=returned,
        notes=notes,
    )


def _result(
    *,
    new: str,
    quoted: str,
    sender: str = "",
    address: str = "",
    subject: str = "",
    at: str = "",
    answers_to: list[str] | None = None,
    automatic: bool = False,
    returned: dict[str, str] | None = None,
    notes: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "sender": sender,
        "address": address,
        "subject": subject,
        "at": at,
        "answers_to": answers_to or [],
        "text": new,
        "quoted": quoted,
        "automatic": automatic,
        "returned": returned,
        "notes": notes or [],
    }


def _named(found: dict[str, Any], reference: str) -> dict[str, Any]:
    """Put what a message names in place of what it quotes, and cut what is new."""
    ours = re.compile(rf"(?i)(?<![A-Za-z0-9]){reference}(?![A-Za-z0-9])")
    new, quoted = found["text"], found.pop("quoted")
    texts = {"subject": found["subject"], "text": new, "quoted": quoted}
    named = {
        name: list(dict.fromkeys(match[0].upper() for match in ours.finditer(text[:READ])))[:MOST_IDS]
        for name, text in texts.items()
    }
    words = unicodedata.normalize("NFKC", f"{found['subject']}\n{new}"[:READ]).translate(_DASHES)
    return {
        **found,
        "ours": named,
        "tokens": list(dict.fromkeys(_tokens(words)))[:MOST_TOKENS],
        "squeezed": list(dict.fromkeys(_squeezed(words)))[:MOST_SQUEEZED],
        "text": new[: LONGEST_TEXT - 1] + "…" if len(new) > LONGEST_TEXT else new,
    }


def _tokens(text: str) -> Iterator[str]:
    """Yield what could be a reference of theirs: words with a digit."""
    for match in _TOKEN.finditer(text[:READ]):
        word = match[0]
        if any(character.isdigit() for character in word):
            yield word
            yield f"#{word}"
            if ":" in word:
                yield from (piece for piece in word.split(":") if len(piece) > 3)


def _squeezed(text: str) -> Iterator[str]:
    """Yield what could be a reference of theirs in pieces ("1234 5678", "CAS 12-34"), without what parts them."""
    words = list(_WORD.finditer(text[:READ]))
    for first, start in enumerate(words):
        made, before = "", start
        for word in words[first : first + MOST_PIECES]:
            if word is not start and not _GAP.fullmatch(text, before.end(), word.start()):
                break
            made, before = made + word[0].lower(), word
            if SHORTEST <= len(made) <= LONGEST and any(character.isdigit() for character in made):
                yield made


def _begins_quote(lines: list[str], number: int) -> bool:
    """Tell whether what was written before begins in this line."""
    line = lines[number].strip()
    if _BELOW.match(line) or _WROTE.match(line) or _ON_DAY.match(line):
        return True
    if line.startswith("On ") and number + 1 < len(lines):  # wrapped by the sender's program
        return bool(_WROTE.match(f"{line} {lines[number + 1].strip()}"))
    return bool(_HEAD.match(line)) and sum(bool(_HEADS.match(one)) for one in lines[number + 1 : number + 5]) >= 2


def _passed_on(words: str) -> tuple[str, str] | None:
    """Return sender and words of the mail that stands below a line which says that it is passed on."""
    lines = words.splitlines()
    start = next((number for number, line in enumerate(lines) if _PASSED_ON.match(line)), None)
    if start is None:
        return None
    sender = ""
    for number in range(start + 1, min(start + 12, len(lines))):
        line = lines[number].strip().strip("*")
        if _HEAD.match(line):
            sender = re.split("[:：]", line, maxsplit=1)[1].strip(" *\t")
        elif not line and sender:
            return sender, "\n".join(lines[number + 1 :])
    return (sender, "\n".join(lines[start + 1 :])) if sender else None


def _words(html: str) -> str:
    """Return the words of an HTML body in lines, those of its quotes with a mark of quotes."""
    size = measure(html)
    if size.degraded or size.elements > MOST_ELEMENTS:  # no mail that a person wrote; what it quotes is not told apart
        return _lines("".join(read_linear(html).texts))
    soup = BeautifulSoup(f"<!doctype html>{' '.join(html.split())}", "lxml")  # so it is no file's name or XML to it
    for unseen in soup.select("script, style, noscript, title"):
        unseen.decompose()
    for block in soup.find_all(lambda tag: tag.name not in INLINE):
        block.insert(0, "\n")
        block.append("\n")
    for quote in soup.select(_QUOTES):
        quoted = _lines(quote.get_text())
        quote.replace_with("\n" + "".join(f"> {line}\n" for line in quoted.splitlines()))
    return _lines(soup.get_text())


def _lines(text: str) -> str:
    """Return a text without blanks around words and without empty lines."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _sender(message: EmailMessage) -> tuple[str, str]:
    """Return who a mail is from, as its header says, and the address in it.

    From the header as it stands: of one that is broken on purpose the standard library may show another address.
    """
    raw = " ".join(_raw(message, "From").split())[:2000]
    try:
        shown = str(make_header(decode_header(raw)))
    except (ValueError, LookupError, UnicodeError, HeaderParseError):
        shown = raw
    return " ".join(shown.split()), _address(raw)


def _address(sender: str) -> str:
    """Return the address in a From header; names may hold others, which are none."""
    found = [match.lower() for match in _ANGLES.findall(sender)] or [match.lower() for match in _BARE.findall(sender)]
    return found[0] if len({one.rpartition("@")[2] for one in found}) == 1 else ""


def _returned(message: EmailMessage, address: str, states: list[str], words: str) -> dict[str, str] | None:
    """Return what a returned mail says, if it is one: RFC 3464's parts, else what mail systems write."""
    report = message.get_content_type() == "multipart/report" and message.get_param("report-type") == "delivery-status"
    if not (states or report or _RETURNED.match(address) or header_of(message, "X-Failed-Recipients")):
        return None
    told = "\n".join(states)
    if states and re.search(r"(?im)^action:[ \t]*(?:delivered|relayed|expanded)", told):
        return None
    recipient = _FAILED.search(told)
    failed = header_of(message, "X-Failed-Recipients").partition(",")[0].strip()
    status = _STATUS.search(told) or _STATUS.search(words)
    diagnostic = re.search(r"(?im)^diagnostic-code:[ \t]*(.{1,300})", told)
    return {
        "recipient": recipient[1] if recipient else failed,
        "status": status[0] if status else "",
        "words": " ".join((diagnostic[1] if diagnostic else "").split()),
        "delayed": "yes" if re.search(r"(?im)^action:[ \t]*delayed", told) else "",
    }


def _automatic(message: EmailMessage) -> bool:
    """Tell whether a machine answered (RFC 3834, and what others say instead)."""
    said = header_of(message, "Auto-Submitted").lower()
    if said:
        return not said.startswith("no")
    bulk = header_of(message, "Precedence").lower() in ("auto_reply", "bulk", "junk")
    return bulk or bool(header_of(message, "X-Autoreply") or header_of(message, "X-Autorespond"))


def _ids(*messages: EmailMessage) -> list[str]:
    """Return the ids of the messages that one answers to, latest first, and of those inside it."""
    found: list[str] = []
    for number, message in enumerate(messages):
        names = ("In-Reply-To", "References") if number == 0 else ("Message-ID", "In-Reply-To", "References")
        for name in names:
            found += reversed(_MESSAGE_ID.findall(_raw(message, name)))
    return list(dict.fromkeys(found))[:MOST_IDS]


def _raw(message: EmailMessage, name: str) -> str:
    """Return a header as it stands, of any length up to a bound."""
    return " ".join(str(value)[:20_000] for key, value in message.raw_items() if key.lower() == name.lower())


def _moment(message: EmailMessage) -> str:
    try:
        at = parsedate_to_datetime(header_of(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return at.isoformat() if at.tzinfo is not None else ""


def _inside(part: EmailMessage) -> EmailMessage:
    """Return the message that stands inside a part, or what can be read of its headers."""
    content = part.get_payload(0) if part.is_multipart() else None
    if isinstance(content, EmailMessage):
        return content
    text = part.get_payload()
    inner = BytesParser(policy=policy.default).parsebytes(
        text.encode("utf-8", "replace")[:READ] if isinstance(text, str) else b""
    )
    assert isinstance(inner, EmailMessage)
    return inner


def _headers_in(part: EmailMessage) -> str:
    """Return the fields of a delivery status, whose blocks the standard library reads as messages."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [block for block in payload[:50] if isinstance(block, EmailMessage)]
        return "\n".join(f"{key}: {value}" for block in blocks for key, value in block.raw_items())[:READ]
    return str(payload)[:READ]


def _outline(message: EmailMessage) -> str:
    """Return subject and words of a message inside another one, for the references that stand in it."""
    texts = [text_of(part)[:READ] for part in _some(message) if part.get_content_type() == "text/plain"]
    return "\n".join((header_of(message, "Subject"), *texts))


def _some(message: EmailMessage) -> Iterator[EmailMessage]:
    for number, part in enumerate(parts_of(message)):
        if number >= MOST_PARTS:
            return
        yield part
