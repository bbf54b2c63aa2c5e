"""What a seller's details say: whether an address is in Japan or abroad, whether a mail address is a free one."""

import re
import unicodedata

# Providers that give anybody an address: the largest ones of Japan, China and the world.
FREE_MAIL: frozenset[str] = frozenset(
    (
        "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.jp", "ymail.com", "outlook.com", "outlook.jp",
        "hotmail.com", "hotmail.co.jp", "live.com", "live.jp", "msn.com", "icloud.com", "me.com", "aol.com", "aol.jp",
        "qq.com", "foxmail.com", "163.com", "126.com", "yeah.net", "sina.com", "sina.cn", "sohu.com", "139.com",
        "aliyun.com", "tom.com", "protonmail.com", "proton.me", "pm.me", "tutanota.com", "tutamail.com", "gmx.com",
        "gmx.de", "mail.com", "mail.ru", "yandex.com", "yandex.ru", "zoho.com", "inbox.lv", "naver.com", "excite.co.jp",
    )
)  # fmt: skip
_PREFECTURES = (
    "北海道|青森県|岩手県|宮城県|秋田県|山形県|福島県|茨城県|栃木県|群馬県|埼玉県|千葉県|東京都|神奈川県|新潟県|富山県"
    "|石川県|福井県|山梨県|長野県|岐阜県|静岡県|愛知県|三重県|滋賀県|京都府|大阪府|兵庫県|奈良県|和歌山県|鳥取県|島根県"
    "|岡山県|広島県|山口県|徳島県|香川県|愛媛県|高知県|福岡県|佐賀県|長崎県|熊本県|大分県|宮崎県|鹿児島県|沖縄県"
)
_JAPAN = re.compile(
    rf"(?i)〒\s?\d{{3}}|{_PREFECTURES}|(?<![a-z])(?:japan|tokyo|osaka|kyoto|nagoya|yokohama|fukuoka|sapporo|kobe|saitama)"
    r"(?![a-z])|-(?:ku|shi|ken|cho|machi)(?![a-z])|〒"
)
_ABROAD = re.compile(
    r"(?i)中国|中國|中华|广|广东|広東|深圳|深セン|上海|北京|浙江|江苏|江蘇|福建|山东|山東省|香港|台湾|臺灣|韓国|シンガポール"
    r"|アメリカ|米国|イギリス|英国|ベトナム|タイ王国|省[^\s]{1,6}市"
    r"|(?<![a-z])(?:china|hong ?kong|kowloon|shenzhen|guangdong|guangzhou|shanghai|beijing|zhejiang|fujian|taiwan"
    r"|taipei|korea|seoul|singapore|malaysia|vietnam|thailand|philippines|india|usa|u\.s\.a|united states"
    r"|united kingdom|england|london|germany|france|spain|italy|netherlands|poland|cyprus|turkey|ukraine|russia|canada"
    r"|australia|new york|california|delaware|colorado|florida|texas)(?![a-z])"
)
_LATIN = re.compile(r"[A-Za-z]{3,}")
LEAST_WORDS: int = 3  # Latin words of an address that names no country we know, and nothing of Japan


def abroad(address: str) -> bool | None:
    """Tell whether an address is outside of Japan; None where it does not say."""
    text = unicodedata.normalize("NFKC", address)
    foreign, home = _ABROAD.search(text), _JAPAN.search(text)
    if foreign or home:  # the one that is named first: houses and firms are called after places
        return home is None or (foreign is not None and foreign.start() < home.start())
    japanese = any("ぁ" <= letter <= "ヿ" or "一" <= letter <= "鿿" for letter in text)
    return True if not japanese and len(_LATIN.findall(text)) >= LEAST_WORDS else None


def is_free_mail(mail: str) -> bool:
    """Tell whether a mail address is of a provider that gives anybody one."""
    return mail.rpartition("@")[2].lower() in FREE_MAIL
