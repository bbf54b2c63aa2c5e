"""A database with three open cases, judged by the real detector."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine

from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.images.decode import inspect
from detector.images.hash import picture_hash_from_dict
from detector.items import Advertiser, Item, Text
from storage.database import open_engine, transaction, upgrade
from storage.items import Observation, record_many
from storage.media import MediaStore
from storage.pictures import PictureRecord, save_picture

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BRAND = BrandProfile(
    key="hoshino", name="星野電機", aliases=("Hoshino Denki", "hoshinodenki"), domains=("hoshino-denki.example",)
)
HOSTILE = "星野電機 公式 閉店セール 80%OFF 残り88点 LINEで友だち追加\u202etxt.exe\x1b]0;pwned\x07 <!channel>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A filled installation."""

    folder: Path
    engine: Engine
    media: MediaStore
    config: Path


def ad(number: int) -> Item:
    return Item(
        id=f"ad-{number}",
        kind="ad",
        platform="demo",
        advertiser=Advertiser(id=f"a{number}", name="星野電機 公式アウトレット"),
        texts=(Text(role="body", text=HOSTILE),),
        links=(f"https://hoshinodenki-outlet{number}.test/lp?x=1",),
        images=("https://cdn.example/a.png",),
        seen_at=NOW,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    upgrade(engine)
    media = MediaStore(tmp_path / "media")
    buffer = BytesIO()
    Image.effect_noise((200, 100), 90).convert("RGB").save(buffer, "PNG")
    found = inspect(buffer.getvalue())
    picture = PictureRecord(
        sha256=media.put(buffer.getvalue()),
        mime=found["mime"],
        bytes=len(buffer.getvalue()),
        width=found["width"],
        height=found["height"],
        hash=picture_hash_from_dict(found["hash"]),
        rendition=media.put(found["rendition"]),
        refused=None,
    )
    assessor = Assessor((BRAND,))
    with transaction(engine) as session:
        save_picture(session, picture, NOW)
        for number in (1, 2, 3):
            item = ad(number)
            seen = Observation(
                item=item,
                source="tips",
                run_id=None,
                seen_at=NOW,
                pictures={item.images[0]: picture.sha256},
            )
            record_many(
                session,
                [(seen, assessor.assess(item, on=NOW.date()))],
                judged_by=assessor.fingerprint,
                now=NOW,
                group_wait=timedelta(seconds=1),
                group_interval=timedelta(minutes=5),
            )
    config = tmp_path / "mekiki.toml"
    config.write_text(
        '[crawler]\ncontact = "brand@hoshino-denki.example"\n[[brand]]\nkey = "hoshino"\nname = "星野電機"\n'
        'aliases = ["Hoshino Denki", "hoshinodenki"]\ndomains = ["hoshino-denki.example"]\n',
        "utf-8",
    )
    yield Store(folder=tmp_path, engine=engine, media=media, config=config)
    engine.dispose()
