"""What stands below the picture of a case."""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from config import Brand
from console.triage.drawing import Easel
from desk.dossier import Dossier
from desk.likeness import Likenesses
from detector.evidence import Evidence, ImageBox
from storage.cases import case_detail
from storage.database import snapshot
from tests.console.conftest import NOW, Store


def test_a_logo_that_a_picture_resembles_is_named_as_its_file_is(store: Store, tmp_path: Path) -> None:
    logo = tmp_path / "hoshino.cool.png"
    Image.effect_noise((64, 64), 90).convert("RGB").save(logo)
    brand = Brand(key="hoshino", name="星野電機", domains=("hoshino-denki.example",), logos=(logo,))
    found = Evidence(
        signal="picture.logo",
        weight=1.0,
        strength=1.0,
        observed="as it is, likeness 0.91",
        expected="hoshino.cool.png, in the brand's own items and in those of its partners",
        where=ImageBox(image=0, box=(0, 0, 50, 50)),
        says="The brand's logo is in the picture.",
    )
    with snapshot(store.engine) as session, Likenesses((brand,), store.media, patience=60) as likenesses:
        detail = case_detail(session, 1, now=NOW)
        view = replace(detail.items[0], verdict=replace(detail.items[0].verdict, evidence=(found,)))
        dossier = Dossier(detail=replace(detail, items=(view,)))
        drawn = Easel(store.media, likenesses, "blocks").ready(dossier, session)(60, 20)
    assert drawn is not None
    caption = drawn[1]
    assert "| hoshino.cool.png " in caption
    assert caption.endswith("cdn[.]example/a.png")
