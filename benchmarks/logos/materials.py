"""What pictures are made of: photos, typefaces, words, colours. Everything is drawn with the `Random` it is given."""

import colorsys
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageFont, ImageOps

PHOTO_SIDE = 2000  # pixels kept of a photo's longer side
UNFIT = ("Konqui", "MATE.png", "symbolic", "screenshot", "vnc-", "Transparent")  # logos, previews, cut-outs
JAPANESE = ("NotoSansCJK", "NotoSerifCJK", "Mplus1-", "Mplus2-", "VL-PGothic")
LATIN = ("Lato", "OpenSans", "Roboto", "Quicksand", "Comfortaa", "DejaVuS", "Lobster")

Colour = tuple[int, int, int]

HEADLINES_JA = (
    "期間限定セール", "本日限り最大80%OFF", "公式オンラインショップ", "会員様限定クーポン", "今だけ送料無料",
    "新生活応援キャンペーン", "在庫一掃処分", "ご当選おめでとうございます", "先着500名様", "春の大感謝祭",
    "初回限定お試し", "ポイント10倍", "無料体験受付中", "プロが教える投資術", "お荷物のお届けについて",
    "アカウントの確認", "夏のアウトレット", "人気No.1", "たった3分で完了",
)  # fmt: skip
HEADLINES_EN = (
    "Final Clearance", "Up to 80% OFF", "Today only", "Official Outlet", "New arrivals", "Free shipping worldwide",
    "You have been selected", "Claim your reward", "Limited stock", "Summer Sale", "Start your free trial",
    "Members get more", "Verify your account", "Save big this week", "Invest smarter", "The wait is over",
    "Buy 1 get 2",
)  # fmt: skip
SMALL_JA = (
    "写真はイメージです。", "表示価格は税込みです。", "数量に限りがございます。お早めにお求めください。",
    "詳しくは店頭または公式サイトをご覧ください。",
    "お客様の声を大切に、毎日の暮らしを豊かにする商品をお届けします。", "ログインできない場合はこちら",
    "新規会員登録はこちらから", "一部対象外の商品があります。",
    "軽くて丈夫な素材を使い、長くお使いいただけるように仕上げました。", "お問い合わせは平日10時から17時まで。",
)  # fmt: skip
SMALL_EN = (
    "Terms and conditions apply.", "While stocks last.", "Pictures are for illustration only.",
    "Free returns within 30 days.", "Designed for every day, made to last for years.",
    "Sign in to continue to your account.", "No credit card required.",
    "Delivered to your door within two working days.", "Rated 4.8 of 5 by more than 12,000 customers.",
)  # fmt: skip
MENU_JA = (
    "ホーム", "商品一覧", "新着", "ランキング", "特集", "お問い合わせ", "会社概要", "マイページ", "カート",
    "ログイン", "ニュース",
)  # fmt: skip
MENU_EN = (
    "Home", "Shop", "New", "Sale", "Support", "About", "Contact", "Account", "Cart", "Sign in", "News", "Help",
)  # fmt: skip
BUTTON_JA = (
    "今すぐ購入", "詳しくはこちら", "カートに入れる", "申し込む", "ログイン", "次へ", "無料で始める",
)  # fmt: skip
BUTTON_EN = (
    "Shop now", "Learn more", "Add to cart", "Sign in", "Continue", "Download", "Get started",
)  # fmt: skip
LABEL_JA = (
    "メールアドレス", "パスワード", "お名前", "電話番号", "カード番号", "ご住所",
)  # fmt: skip
LABEL_EN = (
    "Email address", "Password", "Full name", "Phone number", "Card number", "Address",
)  # fmt: skip
SYLLABLES = ("ka", "vo", "lu", "mi", "ren", "tex", "ora", "zen", "pia", "do", "sol", "ni", "quo", "bel", "ta", "wix")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The phrases of one language."""

    headlines: Sequence[str]
    small: Sequence[str]
    menu: Sequence[str]
    buttons: Sequence[str]
    labels: Sequence[str]


JA = Words(headlines=HEADLINES_JA, small=SMALL_JA, menu=MENU_JA, buttons=BUTTON_JA, labels=LABEL_JA)
EN = Words(headlines=HEADLINES_EN, small=SMALL_EN, menu=MENU_EN, buttons=BUTTON_EN, labels=LABEL_EN)


@dataclass(slots=True, kw_only=True)
class Materials:
    """Photos and typefaces of this machine; photos are decoded on first use and kept as small JPEG files."""

    photos: Sequence[Path]
    japanese: Sequence[Path]
    latin: Sequence[Path]
    kept: dict[Path, bytes] = field(default_factory=dict)

    def photo(self, draw: random.Random, size: tuple[int, int]) -> Image.Image:
        """Return a window of some photo, mirrored now and then, scaled to the size."""
        path = draw.choice(self.photos)
        if path not in self.kept:
            self.kept[path] = _small_jpeg(path)
        whole = Image.open(io.BytesIO(self.kept[path]))
        share = draw.uniform(0.35, 1)
        scale = share * min(whole.width / size[0], whole.height / size[1])
        width, height = max(8, int(size[0] * scale)), max(8, int(size[1] * scale))
        x, y = draw.randint(0, whole.width - width), draw.randint(0, whole.height - height)
        window = whole.resize(size, Image.Resampling.LANCZOS, (x, y, x + width, y + height))
        return ImageOps.mirror(window) if draw.random() < 0.4 else window

    def face(self, draw: random.Random, words: Words) -> Path:
        """Choose a typeface that can write the words."""
        return draw.choice(self.japanese if words is JA else self.latin)


def gather(photos: Sequence[Path], fonts: Path) -> Materials:
    """List photos and typefaces, sorted so that a seed means the same everywhere with the same packages.

    Raises `SystemExit` where there is nothing to draw with.
    """
    pictures = [path for folder in photos for path in _photos_in(folder)]
    faces = sorted(path for path in fonts.rglob("*") if path.suffix in {".ttf", ".otf", ".ttc"})
    japanese = [path for path in faces if path.name.startswith(JAPANESE)]
    latin = [path for path in faces if path.name.startswith(LATIN)]
    if not pictures or not japanese or not latin:
        raise SystemExit("Found no photos or no Japanese or Latin typefaces: give --photos and --fonts.")
    return Materials(photos=pictures, japanese=japanese, latin=latin)


def _photos_in(folder: Path) -> list[Path]:
    """List photos; of a wallpaper that comes in many sizes (its folder is called `images`) the largest file."""
    groups: dict[Path, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".jpg", ".png", ".webp"} and not any(name in str(path) for name in UNFIT):
            groups.setdefault(path.parent if path.parent.name.startswith("images") else path, []).append(path)
    return [max(sizes, key=lambda path: path.stat().st_size) for sizes in groups.values()]


def _small_jpeg(path: Path) -> bytes:
    with Image.open(path) as photo:
        photo.draft("RGB", (PHOTO_SIDE, PHOTO_SIDE))
        small = photo.convert("RGB")
    small.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BOX)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=93)
    return out.getvalue()


@lru_cache(maxsize=256)
def font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """Open a typeface; sizes under six pixels are raised to six."""
    return ImageFont.truetype(str(path), max(6, size))


def strong(draw: random.Random) -> Colour:
    """Draw a saturated, rather dark colour: white text can be read on it."""
    return _rgb(draw.random(), draw.uniform(0.25, 0.45), draw.uniform(0.6, 1))


def pale(draw: random.Random) -> Colour:
    """Draw a light ground colour; white in two of five cases."""
    return (255, 255, 255) if draw.random() < 0.4 else _rgb(draw.random(), draw.uniform(0.88, 0.97), draw.random())


def dark(draw: random.Random) -> Colour:
    """Draw a dark ground colour."""
    return _rgb(draw.random(), draw.uniform(0.05, 0.18), draw.uniform(0, 0.6))


def _rgb(hue: float, light: float, saturation: float) -> Colour:
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, light, saturation))
    return red, green, blue
