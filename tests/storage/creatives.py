"""Pictures and texts that the tests of near ones share."""

import random
from datetime import datetime
from functools import cache
from hashlib import sha256

import numpy as np
from PIL import Image, ImageOps
from sqlalchemy import Engine

from detector.images.hash import PictureHash, hash_picture
from detector.items import Item, Text
from storage.database import transaction
from storage.pictures import PictureRecord, save_picture
from tests.storage.examples import NOW, a_verdict, an_item, see

SLOGAN = "倉庫移転のため世界最小のエアコンを特別価格でお譲りします。本日中にLINEで友だち追加してお申し込みください"
AGAIN = "倉庫移転のため世界最小のエアコンを特別価格でお譲りします!!本日中にLINEで友だち登録してお申し込みください🔥"
OTHER = "明日の天気は晴れのち曇り、気温は二十度前後でしょう。洗濯物は午前中に干すのがおすすめです"


def creative(seed: int) -> Image.Image:
    """Draw a picture with something to see everywhere, unlike that of any other seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((480, 360), Image.Resampling.BICUBIC)


@cache
def hashed(seed: int) -> PictureHash:
    """Return what is kept of a picture."""
    return hash_picture(creative(seed))


@cache
def smaller(seed: int) -> PictureHash:
    """Return what is kept of a copy at half the size."""
    return hash_picture(creative(seed).resize((240, 180)))


@cache
def mirrored(seed: int) -> PictureHash:
    """Return what is kept of a copy in a mirror."""
    return hash_picture(ImageOps.mirror(creative(seed)))


@cache
def cropped(seed: int) -> PictureHash:
    """Return what is kept of a copy that lacks 2 to 8 % at its sides."""
    return hash_picture(creative(seed).crop((38, 7, 460, 340)))


def address(seed: int) -> str:
    """Return the SHA-256 under which a picture is kept."""
    return sha256(str(seed).encode()).hexdigest()


def save(engine: Engine, *seeds: int, at: datetime = NOW) -> None:
    """Keep pictures."""
    with transaction(engine) as session:
        for seed in seeds:
            record = PictureRecord(
                sha256=address(seed),
                mime="image/png",
                bytes=1,
                width=480,
                height=360,
                hash=hashed(seed),
                rendition=None,
            )
            save_picture(session, record, at)


def shown(
    engine: Engine,
    number: int,
    *,
    seed: int | None = None,
    text: str = "星野電機",
    flagged: bool = True,
    at: datetime = NOW,
) -> tuple[int, tuple[int, ...]]:
    """Record an ad with a picture and a text; return its number and its cases."""
    if seed is not None:
        save(engine, seed)
    item: Item = an_item(number, host=f"hoshino-{number}.test", texts=(Text(role="body", text=text),))
    verdict = a_verdict(item) if flagged else a_verdict(item, score=0.2, decision="mention")
    pictures = {} if seed is None else {item.images[0]: address(seed)}
    recorded = see(engine, item, verdict, pictures=pictures, at=at)
    return recorded.item_id, recorded.cases


def codes(count: int, width: int, seed: int = 1) -> np.ndarray:
    """Draw codes, each fourth a few bits from the one before it."""
    draw = np.random.default_rng(seed)
    rows = draw.integers(0, 256, (count, width), dtype=np.uint8)
    for row in range(3, count, 4):
        rows[row] = rows[row - 1]
        for bit in random.Random(row).sample(range(8 * width), 3):
            rows[row, bit // 8] ^= 1 << bit % 8
    return rows
