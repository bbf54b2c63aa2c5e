"""Hand-offs: where a funnel leads people: chat accounts, phone numbers, wallets, bank accounts.

Read from the texts, the links and the codes (QR) of an item or a page. Texts are folded first (full width, spaced
letters), and every find points at the characters as they stood. Phone numbers by `phonenumbers`; wallets only where
their checksum holds, which is what tells them from other long strings.

Flow: links and codes name an account outright -> texts: addresses written out, ids near the name of a messenger,
wallets, bank accounts, phone numbers -> each account once, at its first place.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, islice
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

import phonenumbers

from detector.evidence import LinkAt, TextSpan, Where

HandoffKind = Literal["line", "telegram", "whatsapp", "phone", "wallet", "bank"]
LONGEST: int = 20_000  # characters of a text that are read; finding telephone numbers takes time with its square
REGION: str = "JP"  # of a phone number that names no country
MOST: int = 300  # accounts of one text; nobody can be led to more
NEAR: int = 30  # characters between the name of a messenger and an id


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One account that people are led to."""

    kind: HandoffKind
    # line "@id", "id" or "lin.ee/CODE"; telegram the name; whatsapp and phone E.164, or "chat.whatsapp.com/CODE";
    # wallet the address; bank "bank/branch/type/number" or "ゆうちょ/symbol/number"
    value: str
    observed: str  # as it stood
    where: Where | None  # None for a code in a picture


def find_handoffs(
    texts: Sequence[str] = (), links: Sequence[str] = (), codes: Sequence[str] = ()
) -> tuple[Handoff, ...]:
    """Return every account that texts, links and the contents of codes name, each once.

    Args:
        texts: as they stand.
        links: exact click URLs.
        codes: what QR codes say.
    """
    found: dict[tuple[str, str], Handoff] = {}
    sure = [
        *(one for index, link in enumerate(links) for one in _linked(link, LinkAt(link=index))),
        *(one for code in codes for one in (*_linked(code, None), *_coded(code))),
    ]
    written = (islice(_written(index, text[:LONGEST]), MOST) for index, text in enumerate(texts))
    for one in chain(sure, *written):
        found.setdefault((one.kind, one.value), one)
    chats = {value for kind, value in found if kind == "whatsapp"}
    return tuple(one for (kind, value), one in found.items() if kind != "phone" or value not in chats)


# --- links ------------------------------------------------------------------------------------------------------

_LINE_HOSTS = frozenset(("line.me", "www.line.me", "line.naver.jp", "liff.line.me", "page.line.me", "lin.ee"))
_TELEGRAM_HOSTS = frozenset(("t.me", "www.t.me", "telegram.me", "telegram.dog"))
_WHATSAPP_HOSTS = frozenset(("wa.me", "www.wa.me", "api.whatsapp.com", "web.whatsapp.com", "chat.whatsapp.com"))
_TELEGRAM_PAGES = frozenset(("share", "joinchat", "addstickers", "proxy", "s", "c", "iv"))


def _linked(link: str, where: Where | None) -> Iterator[Handoff]:
    try:
        parts = urlsplit(link.strip())
        host, path, query = (parts.hostname or "").lower(), unquote(parts.path).strip("/"), parse_qs(parts.query)
    except ValueError:
        return
    scheme = parts.scheme.lower()
    value: str | None = None
    kind: HandoffKind = "line"
    if scheme == "line" or host in _LINE_HOSTS:
        value = _line_account(host, path if scheme != "line" else f"{host}/{path}".strip("/"))
    elif scheme == "tg" or host in _TELEGRAM_HOSTS:
        kind, value = "telegram", _telegram_account(scheme, path, query)
    elif scheme == "whatsapp" or host in _WHATSAPP_HOSTS:
        kind, value = "whatsapp", _whatsapp_account(host, path, query)
    elif scheme in ("tel", "sms", "callto"):
        kind, value = "phone", _number(unquote(parts.path))
    elif scheme in ("bitcoin", "ethereum", "tron"):
        address = parts.path.partition("@")[0]
        kind, value = "wallet", address if _is_wallet(address) else None
    if value:
        yield Handoff(kind=kind, value=value, observed=link, where=where)


def _line_account(host: str, path: str) -> str | None:
    """Return the account of a LINE address; None for one that names nobody."""
    steps = [step for step in path.split("/") if step]
    if steps and steps[0].lower() == "r":
        steps = steps[1:]
    if host == "lin.ee":
        return f"lin.ee/{steps[0]}" if steps else None
    if host == "page.line.me":
        return "@" + steps[0].lower().lstrip("@") if steps else None
    if len(steps) >= 2 and steps[0].lower() in ("ti", "oamessage", "home", "en"):
        last = steps[2] if steps[0].lower() == "ti" and len(steps) > 2 else steps[1]
        if last.startswith("~"):
            return last[1:].lower()
        if last.startswith("@"):
            return last.lower()
        return f"line.me/{'/'.join(steps)}" if steps[0].lower() == "ti" and len(steps) > 2 else None
    return f"liff.line.me/{steps[0]}" if host == "liff.line.me" and steps else None


def _telegram_account(scheme: str, path: str, query: dict[str, list[str]]) -> str | None:
    if scheme == "tg":
        name = (query.get("domain") or query.get("invite") or [""])[0]
        return ("+" + name if "invite" in query else name.lower()) or None
    steps = path.split("/")
    if steps[0] == "joinchat" and len(steps) > 1:
        return "+" + steps[1]
    if not steps[0] or steps[0] in _TELEGRAM_PAGES:
        return steps[1].lower() if steps[0] == "s" and len(steps) > 1 else None
    return steps[0] if steps[0].startswith("+") else steps[0].lower()


def _whatsapp_account(host: str, path: str, query: dict[str, list[str]]) -> str | None:
    if host == "chat.whatsapp.com":
        return f"chat.whatsapp.com/{path.split('/')[-1]}" if path else None
    digits = re.sub(r"\D", "", (query.get("phone") or [path])[0])
    return _number("+" + digits) if digits else None


def _coded(code: str) -> Iterator[Handoff]:
    """Yield what a code says that is no address: a wallet, a phone number, an id."""
    yield from (
        Handoff(kind=one.kind, value=one.value, observed=one.observed, where=None)
        for one in islice(_written(0, code[:LONGEST]), MOST)
    )


# --- texts ------------------------------------------------------------------------------------------------------

_URL = re.compile(
    r"(?i)(?:https?://)?(?:[a-z]{1,12}\.)?(?:line\.me|lin(?:\.|\[\.\])ee|t(?:\.|\[\.\])me|telegram\.me|wa\.me|whatsapp\.com)/[\w@%~+./?=&:-]+"
    r"|(?:line|tg|whatsapp|tel)://?[\w@%~+./?=&:-]+"
)
_GAP = r"(?:[^\w\n]|_){0,2}"
# A maker's or a factory's line is none: 組立ライン, 製造ライン, オンライン, ラインナップ.
_LINE_WORD = (
    rf"(?<![a-z])l{_GAP}i{_GAP}n{_GAP}e(?![a-z]|[\s-]?up)|(?<![立産造送油上下ァ-ヴー])ラ{_GAP}[イ○〇●◯]{_GAP}ン(?!ナップ|アップ|[ァ-ヴ])"
    r"|らいん|緑(?:の|色の)?(?:アプリ|やつ|トーク)|🟢"
)
_TELEGRAM_WORD = (
    rf"t{_GAP}e{_GAP}l{_GAP}e{_GAP}g{_GAP}r{_GAP}a{_GAP}m|テレグラム?|(?<![a-z])tg(?=\s?[^\w\s(])|飞机|紙飛行機"
)
_WHATSAPP_WORD = rf"w{_GAP}h{_GAP}a{_GAP}t'?{_GAP}s{_GAP}a{_GAP}p{_GAP}p|ワッツ(?:アップ|ァプ|アプリ)"
_HANDLE = (
    r"(?=[0-9._-]{0,30}[a-z])(?![a-z0-9._-]{1,31}/)[a-z0-9][a-z0-9._-]{2,30}|[a-z0-9_](?: [a-z0-9_]){3,20}(?![a-z0-9])"
)
_AT = rf"(?:@|アットマーク|あっとまーく)\s?({_HANDLE})"
_REACH = rf"(?:[^@]|@(?=[\s:：])){{0,{NEAR}}}?"  # between a messenger and an id, over the end of a line, too
_ID_WORD = r"(?:id|アイディー?|あいでぃー?|アカウント)"
_OPEN = r"[\s:：=は→⇒➡👉▶「『【\[(\"']"
_NAMED = rf"{_ID_WORD}(?:検索|けんさく|名)?{_OPEN}*@?\s?({_HANDLE})"
# Behind a colon, an arrow or a quotation mark an id needs no word for it, but a letter and a digit, or an underscore.
_SHOWN = r"[:：→⇒➡👉▶「『]\s?((?=[a-z0-9.-]{0,30}(?:_|[a-z][a-z.-]{0,30}\d))[a-z0-9._-]{5,31})"
# Right behind the messenger's name a blank suffices, for an id that no word looks like: LINE hsn_gift7.
_BARE = r"[ \u3000](?![a-z0-9._-]{1,31}/)((?=[a-z0-9.-]{1,30}_[a-z0-9])[a-z0-9][a-z0-9._-]{5,30})"
_SEARCHED = re.compile(rf"id(?:検索|で検索|けんさく){_OPEN}*(@?\s?{_HANDLE})")
_LINE_AFTER = re.compile(rf"({_LINE_WORD})(?:{_REACH}(?:{_AT}|{_NAMED}|{_SHOWN})|{_BARE})")
_LINE_BEFORE = re.compile(rf"{_AT}[^\n@]{{0,10}}(?:{_LINE_WORD}|友だち追加|友達追加|ともだち追加)")
_LINE_NEXT = re.compile(rf"\A[^\n@]{{0,20}}(?:サブ|予備|または|もしくは|or|、|/)\s?{_AT}")
_TELEGRAM_NEAR = re.compile(
    rf"(?:{_TELEGRAM_WORD}){_REACH}(?:{_AT}|{_NAMED}|{_SHOWN})|{_AT}[^\n@]{{0,10}}(?:{_TELEGRAM_WORD})"
)
_OTHER_NETWORK = re.compile(r"instagram|インスタ|twitter|ツイッター|x\.com|tiktok|youtube|facebook|threads")
_NO_ID = frozenset(("media", "import", "charset", "font-face", "keyframes", "supports", "param", "return", "everyone"))
_MAIL = re.compile(r"[a-z0-9._-]@$")  # what stands before an id that is the host of a mail address
_WALLET = re.compile(
    r"(?<![A-Za-z0-9])(?:0x[0-9a-fA-F]{40}|bc1[02-9ac-hj-np-z]{11,71}|BC1[02-9AC-HJ-NP-Z]{11,71}|[13T][1-9A-HJ-NP-Za-km-z]{25,34})(?![A-Za-z0-9])"
)
_BANK = re.compile(
    r"([^\s、。:：/()「」【】■●◆→⇒➡【】\[\]]{1,15}(?:銀行|信用金庫|信金|信用組合|信組|農協|労働金庫|バンク))(?:\s*+\([^()\n]{1,12}\))?[\s、/:：・,■●◆◇□○]*+"
    r"(?:支店名?(?:\s++(?:[:：]\s++)?|[:：]\s*+))?([^\s、。:：/()「」]{0,15}?(?:支店|出張所|営業部|本店|支所|[〇一二三四五六七八九]{3}店))"
    r"(?:\s*+\([^()\n]{1,12}\))?[\s、/:：・,■●◆◇□○]*+(?:店番号?\s*+[:：]?\s*+\d{3}[\s、/]*+)?(?:(?:預金|口座)?種[別目]\s*+[:：]?\s*+)?"
    r"\(?(普通|当座|貯蓄|普|当)\)?(?:預金|口座)?[\s、/:：・,■●◆◇□○]*+(?:口座)?(?:番号|[Nn][Oo]\.?)?[\s:：]*+(\d(?:[\s-]?\d){6})(?!\d)"
)
_KINDS = {"普": "普通", "当": "当座"}
_POST = re.compile(
    r"ゆうちょ(?:銀行)?[^\d店]{0,12}?(?:記号)?[\s:：]*+(\d{5})(?:[\s、/・-]++(?:番号)?|番号)[\s:：-]*+(\d{1,8})(?!\d)"
)


_NOTHING = frozenset("\ufe0f\u20e3\u200b\u200c\u200d\u2060\ufeff\u00ad")  # makes a digit an emoji, or shows nothing
_VOICED = ("\u3099", "\u309a")
_ITSELF = re.compile("[\n -~、。「」ぁ-ゖァ-ヺー一-鿿]+")  # is the same in NFKC, letter by letter


class _Folded:
    """A text in NFKC and lower case, with the place of each of its characters in the original."""

    def __init__(self, text: str) -> None:
        parts: list[str] = []
        places: list[int] = []
        place = 0
        while place < len(text):
            if run := _ITSELF.match(text, place):
                parts.append(run[0])
                places += range(place, run.end())
                place = run.end()
                continue
            letter = text[place]
            folded = "+" if letter == "➕" else unicodedata.normalize("NFKC", letter)
            if folded in _VOICED and parts:  # half-width kana carry their mark behind them
                parts[-1] = unicodedata.normalize("NFC", parts[-1] + folded)
            elif letter not in _NOTHING:
                parts.append(folded)
                places += [place] * len(folded)
            place += 1
        self.cased = "".join(parts)
        self.text = self.cased.lower() if len(self.cased.lower()) == len(self.cased) else self.cased
        self._places = [*places, len(text)]
        self._original = text

    def at(self, index: int, start: int, end: int) -> tuple[str, TextSpan]:
        """Return the original characters of a range, and where they stand."""
        first, last = self._places[start], self._places[end - 1] + 1 if end > start else self._places[start]
        return self._original[first:last], TextSpan(text=index, span=(first, last))


def _written(index: int, text: str) -> Iterator[Handoff]:
    folded = _Folded(text)
    taken: list[tuple[int, int]] = []

    def found(kind: HandoffKind, value: str, start: int, end: int) -> Handoff:
        taken.append((start, end))
        observed, where = folded.at(index, start, end)
        return Handoff(kind=kind, value=value, observed=observed, where=where)

    for match in _URL.finditer(folded.cased):
        url = match[0].replace("[.]", ".").rstrip(".,:;")
        for one in _linked(url if "://" in url or url.startswith("tel:") else f"https://{url}", None):
            yield found(one.kind, one.value, *match.span())
    for kind, value, start, end in (*_ids(folded.text), *_accounts(folded)):
        if not _inside(start, end, taken):
            yield found(kind, value, start, end)
    for hit in phonenumbers.PhoneNumberMatcher(_joined(folded.text), REGION):
        if _inside(hit.start, hit.end, taken) or not _plausible(folded.text, hit):
            continue
        value = phonenumbers.format_number(hit.number, phonenumbers.PhoneNumberFormat.E164)
        before, after = folded.text[max(0, hit.start - 100) : hit.start], folded.text[hit.end : hit.end + 100]
        chat = re.search(rf"(?:{_WHATSAPP_WORD})[^\n]{{0,{NEAR}}}$", before) or re.match(
            rf"[^\n\d/]{{0,6}}(?:{_WHATSAPP_WORD})", after
        )
        yield found("whatsapp" if chat else "phone", value, hit.start, hit.end)


def _ids(text: str) -> Iterator[tuple[HandoffKind, str, int, int]]:
    """Yield ids that stand near the name of a messenger."""
    for match in _TELEGRAM_NEAR.finditer(text):
        number = _group(match, 1)
        if _is_id(text, match.start(number), match[number]):
            yield "telegram", match[number].replace(" ", "").rstrip(".-_"), *match.span(number)
    for match in _LINE_AFTER.finditer(text):
        number = _group(match, 2)
        between = text[match.end(1) : match.start(number)]
        if (
            _OTHER_NETWORK.search(between)
            or re.search(_TELEGRAM_WORD, between)
            or not _is_id(text, match.start(number), match[number])
        ):
            continue
        at = "@" if re.search(r"(?:@|アットマーク|あっとまーく)\s?$", text[: match.start(number)][-12:]) else ""
        yield (
            "line",
            at + match[number].replace(" ", "").rstrip(".-_"),
            match.start(number) - len(at),
            match.end(number),
        )
        following = _LINE_NEXT.search(text[match.end() : match.end() + 60])
        if following:
            start, end = (match.end() + place for place in following.span(1))
            yield "line", "@" + following[1].rstrip(".-_"), start - 1, end
    for match in _LINE_BEFORE.finditer(text):
        before = text[max(0, match.start() - 15) : match.start()]
        if not (_OTHER_NETWORK.search(before) or before[-1:].isalnum() or match[1] in _NO_ID):
            yield "line", "@" + match[1].rstrip(".-_"), match.start(), match.end(1)
    for match in _SEARCHED.finditer(text):
        yield "line", match[1].replace(" ", "").rstrip(".-_"), *match.span(1)


def _is_id(text: str, start: int, value: str) -> bool:
    """Tell an id from the host of a mail address and from words of programs."""
    mail = _MAIL.search(text[max(0, start - 3) : start]) and "." in value
    return not mail and value not in _NO_ID


def _group(match: re.Match[str], first: int) -> int:
    """Return the number of the group, from `first` on, that matched."""
    return next(number for number in range(first, match.re.groups + 1) if match[number])


def _accounts(folded: _Folded) -> Iterator[tuple[HandoffKind, str, int, int]]:
    """Yield wallets and bank accounts."""
    for match in _WALLET.finditer(folded.cased):
        if _is_wallet(match[0]):
            yield "wallet", match[0], *match.span()
    for match in _BANK.finditer(folded.cased):
        bank, branch, kind, number = match.groups()
        yield "bank", f"{bank}/{branch}/{_KINDS.get(kind, kind)}/{re.sub(r'[^0-9]', '', number)}", *match.span()
    for match in _POST.finditer(folded.cased):
        yield "bank", f"ゆうちょ/{match[1]}/{match[2]}", *match.span()


def _inside(start: int, end: int, taken: Iterable[tuple[int, int]]) -> bool:
    return any(first < end and start < last for first, last in taken)


# --- numbers ----------------------------------------------------------------------------------------------------

_NO_PHONE = re.compile(
    r"(?:部品|ロット|品目|注文|伝票|追跡|送り状|お問い?合わせ番号|受付|会員|型番|品番|製造|シリアル|jan|isbn|商品|管理|登録|郵便|"
    r"order|tracking|serial|model|part|invoice|no\.|id|#|〒|¥|\\|\$|ver\.?|v)\s*(?:番号|コード|number|no\.?|#)?\s*[:：は#]?\s*$"
)


_KANJI = str.maketrans("〇零一二三四五六七八九", "00123456789")
_SPELT = re.compile(r"[〇零一二三四五六七八九](?:[のー―-]?[〇零一二三四五六七八九]){8,12}")


def _joined(text: str) -> str:
    """Return a text of the same length in which disguised digits and separators of numbers are plain ones."""
    text = _SPELT.sub(lambda match: match[0].translate(_KANJI).replace("の", "-"), text)
    text = re.sub(r"(?<![a-z])o(?=[\do]{1,3}[-o\d])|(?<=\d)o(?=[-\d])", "0", text)
    return re.sub(r"(?<=\d)[・.·•_*~〜ー―‐−–—★☆♡♥/](?=\d)", "-", text)


def _plausible(text: str, match: phonenumbers.PhoneNumberMatch) -> bool:
    """Tell a phone number from other numbers by what stands before it and around it."""
    if _NO_PHONE.search(text[max(0, match.start - 24) : match.start]):
        return False
    before, after = text[match.start - 1 : match.start], text[match.end : match.end + 1]
    if before in ("-", ".", "/", "=", "_") or after in ("-", "%", "円", "_"):
        return False
    if after == "/" and text[match.end + 1 : match.end + 2].isdigit():
        return False
    return match.raw_string.startswith(("+", "0", "(", "8")) or "tel" in text[max(0, match.start - 12) : match.start]


def _number(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


# --- wallets ----------------------------------------------------------------------------------------------------

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BITCOIN, _SCRIPT, _TRON = 0x00, 0x05, 0x41  # first byte of an address


def _is_wallet(text: str) -> bool:
    """Tell whether a text is an address of Bitcoin, Ethereum or Tron.

    Base58Check as in Bitcoin; Bech32 and Bech32m as in BIP 173 and BIP 350. The checksum of Ethereum's mixed case (EIP
    55) is not looked at: its forty hex digits are long enough.
    """
    if text.startswith("0x"):
        return len(text) == 42 and all(letter in "0123456789abcdefABCDEF" for letter in text[2:])
    return _bech32(text) if text.lower().startswith("bc1") else _base58(text)


def _base58(text: str) -> bool:
    number = 0
    for letter in text:
        if letter not in _BASE58:
            return False
        number = number * 58 + _BASE58.index(letter)
    try:
        data = number.to_bytes(25, "big")
    except OverflowError:
        return False
    check = sha256(sha256(data[:21]).digest()).digest()[:4]
    return data[0] in (_BITCOIN, _SCRIPT, _TRON) and data[21:] == check


def _bech32(text: str) -> bool:
    lower = text.lower()
    if text not in (lower, text.upper()) or not 14 <= len(text) <= 90:
        return False
    if any(letter not in _BECH32 for letter in lower[3:]):
        return False
    values = [3, 3, 0, 2, 3, *(_BECH32.index(letter) for letter in lower[3:])]  # "bc" expanded
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check in (1, 0x2BC830A3)
