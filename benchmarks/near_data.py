"""What benchmarks/near searches: millions of codes that are like real ones, and real copies with what they copy.

Background of pictures: the cosine transform is linear, so the mean of two windows of real photos, each perhaps turned
over, has the mean of their coefficients; its hash is that of a real picture of both. Background of texts: bits of a
MinHash of unrelated texts are fair coins; a third are variants of others, as ads of one template are.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.copies import EDITS, windows
from detector.images.hash import _FINE_DCT, FINE_SIDE, PictureHash, hash_picture

Codes = NDArray[np.uint8]
STEP = 50_000
_SIZES = ((0.1, 0.6), (0.3, 0.9))


@dataclass(frozen=True, slots=True)
class Planted:
    """A picture that stands in the background, and a copy of it."""

    row: int
    edit: str
    copy: PictureHash


def bank(files: Sequence[Path], count: int, draw: random.Random) -> NDArray[np.float32]:
    """Return the 256 lowest coefficients of so many windows of photos with something to see in them."""
    found = []
    for number, path in enumerate(files):
        photo = Image.open(path).convert("L")
        photo.thumbnail((1600, 1600))
        for _ in range((count + number) // len(files)):
            least, most = draw.choice(_SIZES)
            wide, tall = draw.uniform(least, most) * photo.width, draw.uniform(least, most) * photo.height
            left, top = draw.uniform(0, photo.width - wide), draw.uniform(0, photo.height - tall)
            box = (left, top, left + wide, top + tall)
            sample = photo.resize((FINE_SIDE, FINE_SIDE), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
            pixels = np.asarray(sample, dtype=np.float64)
            if (np.ptp(pixels.reshape(16, 4, 16, 4), axis=(1, 3)) >= 12).sum() >= 88:  # of 256 fields
                found.append((_FINE_DCT @ pixels @ _FINE_DCT.T).ravel())
    values = np.array(found, dtype=np.float32)
    return np.asarray(values / np.linalg.norm(values[:, 1:], axis=1, keepdims=True), dtype=np.float32)


def pictures(known: NDArray[np.float32], count: int, draw: np.random.Generator) -> Iterator[tuple[Codes, Codes]]:
    """Yield finer hashes, and two 64-bit hashes of each, `STEP` pictures at a time."""
    odd = np.where(np.arange(16) % 2, -1, 1).astype(np.float32)
    turns = np.stack([np.ones(256), np.tile(odd, 16), np.repeat(odd, 16), np.outer(odd, odd).ravel()])
    turns = turns.astype(np.float32)
    for start in range(0, count, STEP):
        size = min(STEP, count - start)
        share = draw.uniform(0.35, 0.65, (size, 1)).astype(np.float32)
        one = known[draw.integers(0, len(known), size)] * turns[draw.integers(0, 4, size)]
        mixed = share * one + (1 - share) * known[draw.integers(0, len(known), size)] * turns[draw.integers(0, 4, size)]
        low = mixed.reshape(size, 16, 16)[:, :8, :8]
        yield _bits(mixed), np.stack([_bits(low), _bits(low.transpose(0, 2, 1))], axis=1)


def copies(files: Sequence[Path], count: int, draw: random.Random) -> Iterator[tuple[PictureHash, list[Planted]]]:
    """Yield windows of photos and their edited copies, all hashed as the crawler does."""
    row = 0
    for picture in windows(files, count, draw):
        known = hash_picture(picture)
        if known.protectable:
            edited = [Planted(row, name, hash_picture(edit(picture.copy(), draw))) for name, edit in EDITS.items()]
            yield known, edited
            row += 1


def texts(count: int, draw: np.random.Generator) -> Iterator[Codes]:
    """Yield signatures, `STEP` at a time; a third are variants of others, sharing 0.3 to 0.95 of their runs."""
    for start in range(0, count, STEP):
        size = min(STEP, count - start)
        bits = draw.integers(0, 2, (size, 256), dtype=np.uint8)
        third = size // 3
        flipped = draw.random((third, 256)) < (1 - draw.uniform(0.3, 0.95, (third, 1))) / 2
        bits[:third] = bits[draw.integers(third, size, third)] ^ flipped
        yield np.packbits(bits, axis=1)


_WHO = ("星野電機", "ホシノデンキ", "星野電機オンライン", "Hoshino Denki", "星野電機アウトレット", "星野電機サポート")
_WHAT = (
    "世界最小のエアコン", "充電式の掃除機", "静音タワーファン", "ロボット芝刈り機", "空気清浄機の最新型",
    "家庭用蓄電池", "スマート炊飯器", "電動アシスト自転車", "防水イヤホン", "加湿器セット", "電気圧力鍋",
)  # fmt: skip
_WHY = (
    "倉庫移転のため在庫を全て処分します", "創業五十周年の感謝を込めて特別にご用意しました",
    "店舗閉店につき最終セールを開催中です", "会員さま限定で先行販売を行っています",
    "返品された新古品を検査のうえお譲りします", "メーカー直送だから中間コストがかかりません",
    "消防署も推奨する安全設計で話題になりました", "テレビで紹介されて注文が殺到しています",
    "電気代が半分になったと好評です", "工事は不要で届いたその日から使えます",
    "医師も驚いた効果が口コミで広がっています", "政府の補助金の対象になりました",
)  # fmt: skip
_DO = (
    "今すぐLINEで友だち追加してご購入ください", "詳しくは公式サイトをご覧ください",
    "下のボタンから特別価格をご確認ください", "アンケートに答えて当選をお確かめください",
    "お支払い方法の更新をお願いします", "本日中にお申し込みください", "担当者から折り返しご連絡します",
)  # fmt: skip


def written(draw: random.Random) -> str:
    """Write an advertisement."""
    parts = [draw.choice(_WHO) + "の" + draw.choice(_WHAT), *draw.sample(_WHY, draw.randint(2, 4)), draw.choice(_DO)]
    return "。".join(parts) + f"。通常{draw.randint(50, 400) * 100}円が{draw.randint(30, 90)}%OFF"


def rewritten(text: str, draw: random.Random) -> str:
    """Write it again for another brand, at another price, with a sentence fewer or one more, as templates are."""
    parts = text.split("。")
    parts[0] = draw.choice(_WHO) + "の" + draw.choice(_WHAT)
    if draw.random() < 0.4:
        parts.insert(draw.randrange(1, len(parts)), draw.choice(_WHY))
    if draw.random() < 0.2:
        parts.pop(draw.randrange(1, len(parts) - 1))
    parts[-1] = f"通常{draw.randint(50, 400) * 100}円が{draw.randint(30, 90)}%OFF"
    return draw.choice(("。", "!\n", "。\n", " ")).join(parts) + draw.choice(("", " 残りわずか", "🔥🔥"))


def _bits(values: NDArray[np.float32]) -> Codes:
    flat = values.reshape(len(values), -1)
    half = flat.shape[1] // 2
    middle = np.partition(flat, (half - 1, half), axis=1)[:, half - 1 : half + 1].mean(axis=1, keepdims=True)
    return np.packbits(flat > middle, axis=1)
