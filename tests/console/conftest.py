"""A database with three open cases, judged by the real detector."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from shutil import copytree

import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

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
OFFERS = (  # nothing in common, so that each is a case of its own
    HOSTILE,
    f"倉庫の片付けで余ったエアコンを無料で差し上げます、受け取りは土曜だけ {HOSTILE}",
    f"New season heaters straight from the warehouse, pay on delivery, no questions asked {HOSTILE}",
)


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
        advertiser=Advertiser(id=f"a{number}", name=f"星野電機 公式アウトレット {number}"),
        texts=(Text(role="body", text=OFFERS[number - 1]),),
        links=(f"https://hoshinodenki-outlet{number}.test/lp?x=1",),
        images=("https://cdn.example/a.png",),
        seen_at=NOW,
    )


def stored_picture(media: MediaStore) -> PictureRecord:
    """Put a picture of its own into the store."""
    buffer = BytesIO()
    Image.effect_noise((200, 100), 90).convert("RGB").save(buffer, "PNG")
    found = inspect(buffer.getvalue())
    return PictureRecord(
        sha256=media.put(buffer.getvalue()),
        mime=found["mime"],
        bytes=len(buffer.getvalue()),
        width=found["width"],
        height=found["height"],
        hash=picture_hash_from_dict(found["hash"]),
        rendition=media.put(found["rendition"]),
        refused=None,
    )


CONFIG = (
    '[crawler]\ncontact = "brand@hoshino-denki.example"\n[[brand]]\nkey = "hoshino"\nname = "星野電機"\n'
    'aliases = ["Hoshino Denki", "hoshinodenki"]\ndomains = ["hoshino-denki.example"]\n'
)


def find(session: Session, assessor: Assessor, item: Item, pictures: Mapping[str, str]) -> None:
    """Judge an item and keep it, as a crawl does."""
    seen = Observation(item=item, source="tips", run_id=None, seen_at=NOW, pictures=pictures)
    record_many(
        session,
        [(seen, assessor.assess(item, on=NOW.date()))],
        judged_by=assessor.fingerprint,
        now=NOW,
        group_wait=timedelta(seconds=1),
        group_interval=timedelta(minutes=5),
    )


def fill(engine: Engine, media: MediaStore) -> None:
    """Open three cases."""
    assessor = Assessor((BRAND,))
    with transaction(engine) as session:
        for number in (1, 2, 3):
            item, picture = ad(number), stored_picture(media)
            save_picture(session, picture, NOW)
            find(session, assessor, item, {item.images[0]: picture.sha256})


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an installation with three open cases."""
    folder = tmp_path_factory.mktemp("filled")
    engine = open_engine(f"sqlite:///{folder}/mekiki.db")
    upgrade(engine)
    fill(engine, MediaStore(folder / "media"))
    (folder / "mekiki.toml").write_text(CONFIG, "utf-8")
    engine.dispose()
    return folder


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[Store]:
    copytree(filled, tmp_path, dirs_exist_ok=True)
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    yield Store(folder=tmp_path, engine=engine, media=MediaStore(tmp_path / "media"), config=tmp_path / "mekiki.toml")
    engine.dispose()
