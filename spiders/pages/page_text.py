"""A page's words as one text, and where the words stand around which facts are read.

One automaton passes over the text once; whoever looks for prices, sellers or countdowns then reads a short window
around each place. So the time is linear whatever the page holds, and pages without such words cost next to nothing.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, MatchKind

from spiders.pages.markup import Document

LONGEST = 200_000  # characters of a page that are read
MOST_PLACES = 300  # places of one topic that are looked at

Span = tuple[int, int]

# Lower case; where two begin at the same place the longer one counts.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "price": ("円", "¥", "￥", "$", "＄", "usd", "ドル"),
    "percent": ("%", "％", "割引", "割オフ", "割off"),
    "was": (
        "定価", "通常価格", "通常販売価格", "希望小売価格", "参考価格", "元値", "旧価格", "標準価格", "当初価格",
        "市場価格", "list price", "regular price", "original price", "retail price", "was ", "was:", "msrp", "rrp",
    ),
    "buy": (
        "カートに入れる", "カートに追加", "カートへ入れる", "カゴに入れる", "かごに入れる", "買い物かごへ",
        "今すぐ購入", "今すぐ買う", "購入する", "購入手続き", "購入はこちら", "注文する", "注文はこちら",
        "注文手続き", "レジに進む", "レジへ進む", "add to cart", "add to bag", "add to basket", "buy now",
        "buy it now", "proceed to checkout", "order now",
    ),
    "stock": ("残り", "残数", "在庫残り", "在庫あと", "在庫わずか", "在庫僅少", " left"),
    "countdown": (
        "あと", "残り時間", "終了まで", "本日限り", "本日終了", "24時間限定", "ends in", "ends tonight",
        "offer expires", "time left",
    ),
    "law": ("特定商取引", "特商法", "特商取引"),
    "name": (
        "販売業者", "販売事業者", "販売者", "販売会社", "会社名", "事業者名", "事業者の名称", "運営会社", "店舗名",
        "ショップ名", "屋号", "商号", "company name", "sold by", "legal name",
    ),
    "address": ("所在地", "住所", "company address", "business address"),
    "phone": ("電話番号", "電話", "連絡先", "tel"),
    "mail": ("メールアドレス", "メール", "e-mail", "email"),
    "person": ("代表者", "代表取締役", "運営統括責任者", "運営責任者", "販売責任者", "通信販売責任者", "責任者"),
    "paying": ("支払い方法", "支払方法", "お支払いについて", "決済方法", "payment method"),
    "transfer": ("銀行振込", "銀行振り込み", "bank transfer", "wire transfer"),
    "at": ("@", "＠", "(at)", "[at]"),
}  # fmt: skip
_TOPICS = [topic for topic, words in _WORDS.items() for _ in words]
_AUTOMATON = AhoCorasick([word for words in _WORDS.values() for word in words], matchkind=MatchKind.LeftmostLongest)


class PageText:
    """The visible words of a document, without the window's title and without some of its elements."""

    def __init__(self, document: Document, without: Iterable[int] = ()) -> None:
        """Take the document, and the elements (ads) whose words belong to somebody else."""
        pieces = document.texts.copy()
        titles = (index for index, element in enumerate(document.elements) if element.tag == "title")
        for index in (*without, *titles):
            element = document.elements[index]
            pieces[element.first_text : element.last_text] = [""] * (element.last_text - element.first_text)
        self._document, self._pieces = document, pieces
        # The only character that becomes two in lower case.
        self.text = "".join(pieces)[:LONGEST].replace("İ", "I")
        self.lower = self.text.lower()
        self._places: dict[str, list[Span]] = {}
        for pattern, start, end in _AUTOMATON.find_matches_as_indexes(self.lower):
            self._places.setdefault(_TOPICS[pattern], []).append((start, end))

    def places(self, topic: str) -> list[Span]:
        """Return where words of a topic stand, in order: the first `MOST_PLACES`."""
        return self._places.get(topic, [])[:MOST_PLACES]

    def said(self, start: int, end: int) -> str:
        """Return a part as an item's text has it: single spaces, no others."""
        return " ".join(self.text[max(0, start) : end].split())

    def span(self, index: int) -> Span:
        """Return where the words of an element stand."""
        element = self._document.elements[index]
        return self._ends[element.first_text], self._ends[element.last_text]

    @cached_property
    def _ends(self) -> list[int]:
        return [0, *accumulate(map(len, self._pieces))]


def words(topic: str) -> tuple[str, ...]:
    """Return the words of a topic, in lower case."""
    return _WORDS[topic]
