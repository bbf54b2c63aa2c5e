"""Are the words of an advertisement read off its picture?

`python -m benchmarks.ocr [--only plain|busy] [--misses] [--peer]` draws 60 Japanese and 40 English texts of our own
wording, 18 to 72 pixels high, in the fonts that are installed, twice: dark or light on one colour, and outlined or
shadowed over photos, gradients and textures, turned by up to 4 degrees, as JPEG. Each drawn line is compared with what
was read in its place. Printed: characters right (1 - edit distance / length, NFKC, spaces left out), lines without an
error, lines read where none was drawn, CPU seconds for a picture, peak memory. Seed 1 was used for tuning, with 2 and 3
looked at; report others with `--seed`.
"""

import argparse
import io
import os
import random
import resource
import subprocess
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from rapidfuzz.distance import Levenshtein

from detector.images.words import read_words

PHOTOS = (Path("/usr/share/backgrounds"), Path("/usr/share/wallpapers"))
FONTS = Path("/usr/share/fonts")
JAPANESE_FONTS = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc", "NotoSerifCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc",
    "VL-Gothic-Regular.ttf", "VL-PGothic-Regular.ttf", "ipag.ttf", "ipam.ttf", "Mplus1-Bold.otf", "Mplus2-Medium.otf",
)  # fmt: skip
ENGLISH_FONTS = (
    "Lato-Regular.ttf", "Lato-Black.ttf", "OpenSans-Semibold.ttf", "Roboto-Bold.ttf", "RobotoCondensed-Regular.ttf",
    "Quicksand-Bold.ttf", "Comfortaa-Bold.ttf", "DejaVuSans.ttf", "DejaVuSerif-Bold.ttf", "NotoSerifCJK-Bold.ttc",
)  # fmt: skip
SIZES = ((1200, 628), (1080, 1080), (1080, 1920), (640, 640), (728, 300), (1280, 720))
Colour = tuple[int, int, int]

JAPANESE = """\
星野電機公式オンラインストア
本日限り最大90%OFF
閉店セールにつき在庫一掃
今すぐこちらからお申し込みください
送料無料・全国どこでもお届け
期間限定 ご愛顧感謝キャンペーン
星野電機の創業者が語る投資の秘訣
抽選で100名様に掃除機をプレゼント
アンケートに答えて賞品を受け取る
残りわずか 売り切れ御免
お客様のアカウントが一時停止されました
本人確認のお手続きをお願いします
LINE友だち追加で1,000円クーポン
公式アカウントをフォローして応募
スマート炊飯器 通常価格49,800円
特別価格2,980円(税込)
30日間の返金保証つき
詳しくはプロフィールのリンクへ
会員限定シークレットセール開催中
口コミで話題の空気清浄機
毎月10万円の配当を実現
未経験でも始められる副業
AIが選ぶ急騰銘柄を無料配信
専門家が監修した資産運用術
元本保証で年利20パーセント
ご当選おめでとうございます
お荷物のお届けについて
再配達のご依頼はこちら
お支払い方法の更新が必要です
24時間以内にご確認ください
星野電機サポートセンター
パソコンがウイルスに感染しています
至急お電話ください 0120-000-000
警告:このページを閉じないでください
冬のボーナス大還元祭
ポイント最大50倍デー
正規品を工場から直送
型落ちモデルを半額以下で
ブラックフライデー先行予約
数量限定 先着300台
ホシノデンキ 新生活応援フェア
ドライヤーとアイロンのセット
ワイヤレスイヤホン第3世代
冷蔵庫・洗濯機 下取り強化中
お近くの店舗は全て閉店しました
倉庫移転のため全品放出
レビュー★4.8 累計20万台突破
医師も推薦する健康家電
たった3分で登録完了
クリックして続きを読む
新NISAの次に来るもの
株価が3倍になる理由とは
無料体験レッスン受付中
お友達紹介でさらに割引
保証書をオンラインで発行
偽サイトにご注意ください
この価格は本日23:59まで
カートに入れて購入手続きへ
初回限定500円でお試し
株式会社星野電機 お客様相談室
""".splitlines()

ENGLISH = """\
Hoshino Denki Official Store
Up to 90% OFF today only
Warehouse clearance sale
Free shipping worldwide
Claim your reward now
Only 12 left in stock
Your account has been suspended
Verify your identity within 24 hours
Congratulations, you have been selected
Win a smart vacuum cleaner
Answer three short questions
Limited offer for members
Invest with the founder of Hoshino
Earn $500 a day from home
Guaranteed returns of 20% per month
Join our private trading group
Download the app and start today
Update your payment details
Your parcel is waiting for delivery
Pay a small fee of $1.99
Store closing after 30 years
Everything must go this weekend
Buy one, get two free
30-day money-back guarantee
Rated 4.8 by 20,000 customers
Hoshino rice cooker, now $29
Direct from the factory
Call support: 0800-000-0000
Your computer may be infected
Do not close this window
Black Friday early access
Sign up in under 3 minutes
Click the link in our profile
Genuine products, unbeatable prices
Last chance before midnight
Doctors recommend this air purifier
The secret banks won't tell you
Wireless earbuds, 3rd generation
Subscribe for a free coupon
HOSHINO ANNIVERSARY GIVEAWAY
""".splitlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A line of text in a picture; `box` is left, top, right, bottom before turning."""

    text: str
    language: str
    box: tuple[int, int, int, int]


@dataclass(slots=True, kw_only=True)
class Count:
    """What became of the lines of one language on one kind of ground."""

    characters: int = 0
    errors: int = 0
    lines: int = 0
    exact: int = 0
    misses: list[tuple[str, str, float]] = field(default_factory=list)


def _fonts(names: Sequence[str]) -> list[str]:
    installed = {path.name: str(path) for path in sorted(FONTS.rglob("*.[to]t[fc]"))}
    return [installed[name] for name in names if name in installed]


def _photos() -> list[Path]:
    kinds = {".jpg", ".jpeg", ".png", ".webp"}
    return sorted(path for root in PHOTOS for path in root.rglob("*") if path.suffix.lower() in kinds)


def _ground(size: tuple[int, int], draw: random.Random, photos: Sequence[Path]) -> Image.Image:
    """Return a photo, a gradient or a texture."""
    kind = draw.choice(("photo", "photo", "gradient", "texture"))
    if kind == "photo" and photos:
        with Image.open(draw.choice(photos)) as photo:
            photo.draft("RGB", size)
            return ImageOps.fit(photo.convert("RGB"), size)
    grain = (2, 2) if kind == "gradient" else (draw.randint(12, 60), draw.randint(12, 60))
    values = np.random.default_rng(draw.randrange(2**32)).integers(0, 256, (*grain, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


def _picture(
    queue: list[tuple[str, str]],
    draw: random.Random,
    *,
    busy: bool,
    fonts: dict[str, list[str]],
    photos: Sequence[Path],
) -> tuple[Image.Image, list[Drawn], float]:
    """Draw texts from the queue's end until the picture is full; return it, its lines and its angle in degrees."""
    size = draw.choice(SIZES)
    plain: Colour = draw.choice(
        ((255, 255, 255), (250, 240, 225), (20, 30, 70), (200, 20, 40), (255, 220, 0), (0, 0, 0))
    )
    image = _ground(size, draw, photos) if busy else Image.new("RGB", size, plain)
    light = draw.random() < 0.7 if busy else sum(plain) < 384
    ink: Colour = draw.choice(((255, 255, 255), (255, 240, 120)) if light else ((0, 0, 0), (30, 20, 90)))
    edge: Colour = (0, 0, 0) if light else (255, 255, 255)
    shadowed = busy and draw.random() < 0.4
    layer, halo = Image.new("RGBA", size, (*ink, 0)), Image.new("RGBA", size, (*edge, 0))
    pen, halo_pen = ImageDraw.Draw(layer), ImageDraw.Draw(halo)
    lines: list[Drawn] = []
    margin = size[0] // 14
    top = size[1] // 14
    while queue:
        text, language = queue[-1]
        path, height = draw.choice(fonts[language]), draw.randint(18, 72)
        while (font := ImageFont.truetype(path, height)).getlength(text) > size[0] - 2 * margin:
            height -= 2
        if top + height * 1.4 > size[1] * 13 / 14:
            break
        queue.pop()
        left = draw.randint(margin, max(margin, int(size[0] - margin - font.getlength(text))))
        pen.text((left, top), text, font=font, fill=(*ink, 255))
        width = max(2, height // 12)
        halo_pen.text((left, top), text, font=font, fill=(*edge, 255), stroke_width=width, stroke_fill=(*edge, 255))
        edges = (round(value) for value in pen.textbbox((left, top), text, font=font))
        lines.append(Drawn(text=text, language=language, box=(next(edges), next(edges), next(edges), next(edges))))
        top += int(height * draw.uniform(1.35, 2.2))
    angle = draw.uniform(-4, 4) if busy and draw.random() < 0.5 else 0.0
    if busy:
        halo = halo.filter(ImageFilter.GaussianBlur(3)) if shadowed else halo
        turned = halo.rotate(angle, Image.Resampling.BICUBIC)
        image.paste(turned, mask=turned.getchannel("A"))
    turned = layer.rotate(angle, Image.Resampling.BICUBIC)
    image.paste(turned, mask=turned.getchannel("A"))
    return image, lines, angle


def _place(line: Drawn, size: tuple[int, int], angle: float) -> tuple[float, float, float, float]:
    """Return centre, half length along the line and half height of a drawn line, in the turned picture."""
    turn = np.exp(-1j * np.radians(angle))
    left, top, right, bottom = line.box
    middle = complex(size[0] / 2, size[1] / 2)
    centre = middle + (complex((left + right) / 2, (top + bottom) / 2) - middle) * turn
    return centre.real, centre.imag, (right - left) / 2, (bottom - top) / 2


def _score(
    read: Sequence[dict[str, Any]],
    lines: Sequence[Drawn],
    size: tuple[int, int],
    angle: float,
    counts: dict[str, Count],
) -> int:
    """Compare a picture's lines with what was read in their places; return how many were read elsewhere."""
    turn = np.exp(1j * np.radians(angle))
    parts: dict[int, list[tuple[float, dict[str, Any]]]] = {}
    stray = 0
    for found in read:
        left, top, width, height = found["box"]
        for number, line in enumerate(lines):
            across, down, half_length, half_height = _place(line, size, angle)
            away = (complex(left + width / 2, top + height / 2) - complex(across, down)) * turn
            if abs(away.real) <= half_length and abs(away.imag) <= half_height + 4:
                parts.setdefault(number, []).append((away.real, found))
                break
        else:
            stray += 1
    for number, line in enumerate(lines):
        told = sorted(parts.get(number, []), key=lambda part: part[0])
        wanted, got = _folded(line.text), _folded("".join(found["text"] for _, found in told))
        count, errors = counts[line.language], Levenshtein.distance(wanted, got)
        count.characters += len(wanted)
        count.errors += min(errors, len(wanted))
        count.lines += 1
        count.exact += errors == 0
        if errors:
            count.misses.append((line.text, got, min((found["confidence"] for _, found in told), default=0.0)))
    return stray


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _pictures(seed: int, *, busy: bool) -> Iterator[tuple[Image.Image, list[Drawn], float]]:
    draw = random.Random(seed)
    fonts, photos = {"ja": _fonts(JAPANESE_FONTS), "en": _fonts(ENGLISH_FONTS)}, _photos()
    queue = [(text, "ja") for text in JAPANESE] + [(text, "en") for text in ENGLISH]
    draw.shuffle(queue)
    while queue:
        yield _picture(queue, draw, busy=busy, fonts=fonts, photos=photos)


def _tesseract(data: bytes) -> list[dict[str, Any]]:
    """Read a picture with Tesseract, the peer: one line of its table for each line of text."""
    command = ["tesseract", "-", "-", "-l", "jpn+eng", "--psm", "11", "tsv"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    table = subprocess.run(command, input=data, capture_output=True, check=True, env=environment).stdout.decode()
    lines: dict[str, list[list[str]]] = {}
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if cells[0] == "5" and cells[11].strip():
            lines.setdefault("-".join(cells[2:5]), []).append(cells)
    found = []
    for words in lines.values():
        left, top = min(int(word[6]) for word in words), min(int(word[7]) for word in words)
        right = max(int(word[6]) + int(word[8]) for word in words)
        bottom = max(int(word[7]) + int(word[9]) for word in words)
        confidence = sum(float(word[10]) for word in words) / len(words) / 100
        text = "".join(word[11] for word in words)
        found.append({"text": text, "box": [left, top, right - left, bottom - top], "confidence": confidence})
    return found


def _ours(data: bytes) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = read_words(data)["lines"]
    return lines


def main() -> None:
    """Draw, read, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", choices=("plain", "busy"))
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--misses", action="store_true", help="print every line with an error")
    arguments.add_argument("--peer", action="store_true", help="read with Tesseract, too (Debian: tesseract-ocr-jpn)")
    asked = arguments.parse_args()
    read_words(_jpeg(Image.new("RGB", (64, 64)), 80))  # loads the networks
    for ground in ("plain", "busy"):
        if asked.only in (None, ground):
            _measure("ours", _ours, ground, asked.seed, misses=asked.misses)
            if asked.peer:
                _measure("tesseract", _tesseract, ground, asked.seed, misses=False)
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at its peak")


def _cpu() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    return sum(os.times()[:4])


def _measure(
    name: str, reader: Callable[[bytes], list[dict[str, Any]]], ground: str, seed: int, *, misses: bool
) -> None:
    counts = {"ja": Count(), "en": Count()}
    pictures = stray = 0
    seconds = 0.0
    for image, lines, angle in _pictures(seed, busy=ground == "busy"):
        data = _jpeg(image, 65 if ground == "busy" else 92)
        start = _cpu()
        read = reader(data)
        seconds += _cpu() - start
        pictures += 1
        stray += _score(read, lines, image.size, angle, counts)
    for language, count in counts.items():
        right, exact = 1 - count.errors / count.characters, f"{count.exact}/{count.lines}"
        print(f"{name} {ground} {language}: characters {right:.4f} of {count.characters}, lines {exact} exact")
        for wanted, got, confidence in count.misses if misses else ():
            print(f"    {confidence:.2f} {wanted} -> {got}")
    cost = f"{seconds / pictures:.2f} CPU s each"
    print(f"{name} {ground}: {pictures} pictures, {cost}, {stray} lines read where none was drawn", flush=True)


if __name__ == "__main__":
    main()
