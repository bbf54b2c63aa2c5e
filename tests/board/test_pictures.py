"""Pictures that the board gives: re-encoded pixels alone, only of pictures that the database knows."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select, update

from board.board import Board
from board.pictures import sized
from storage.custody import chain
from storage.database import snapshot, transaction
from storage.pictures import PictureRecord, known_picture
from storage.schema import Case, CaseItem, Picture, VerdictRow, VersionPicture
from tests.board.conftest import Somebody
from tests.console.conftest import Store

Make = Callable[..., Somebody]
UNKNOWN = "0" * 64


def known(board: Board) -> PictureRecord:
    with snapshot(board.engine) as session:
        picture = known_picture(session, session.scalars(select(Picture.sha256).order_by(Picture.sha256)).all()[0])
    assert picture is not None
    return picture


@pytest.mark.parametrize("side", ["320", "640", "full"])
def test_a_picture_is_pixels_that_browsers_keep(side: str, board: Board, somebody: Make) -> None:
    picture = known(board)
    answer = somebody("viewer").get(f"/picture/{picture.sha256}?side={side}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == board.media.read(picture.rendition or "") != board.media.read(picture.sha256)
    with Image.open(BytesIO(answer.content)) as shown:
        assert answer.headers["content-type"] == shown.get_format_mimetype()
        assert shown.size == (200, 100)


def test_a_large_one_is_made_small() -> None:
    out = BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(out, "JPEG")
    data, form = sized(out.getvalue(), 320)
    with Image.open(BytesIO(data)) as shown:
        assert (shown.size, form, shown.format) == ((320, 240), "image/webp", "WEBP")
    assert sized(out.getvalue(), 640) == (out.getvalue(), "image/jpeg")


@pytest.mark.parametrize("what", ["unknown", "refused", "purged", "damaged", "no address", "no side", "a rendition"])
def test_what_cannot_be_shown_is_a_drawing_that_nobody_keeps(what: str, board: Board, somebody: Make) -> None:
    picture = known(board)
    address, rendition = picture.sha256, picture.rendition or ""
    match what:
        case "unknown":
            address = UNKNOWN
        case "no address":
            address = "..%2f..%2fmekiki.db"
        case "no side":
            address += "?side=9999999"
        case "a rendition":  # is in the media store, as much else is, but no picture of the database
            address = rendition
        case "refused":
            with transaction(board.engine) as session:
                session.execute(update(Picture).values(rendition=None))
        case "purged":
            board.media.path(rendition).unlink()
        case "damaged":
            board.media.path(rendition).write_bytes(b"<svg onload=alert(1)>")
    answer = somebody("viewer").get(f"/picture/{address}")
    assert answer.status_code == 404
    if what != "no address":
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["cache-control"] == "no-store"
        assert b"onload" not in answer.content


def test_an_original_is_a_file_to_take_away_and_on_record(board: Board, somebody: Make) -> None:
    picture = known(board)
    answer = somebody("analyst").post(f"/original/{picture.sha256}")
    assert answer.content == board.media.read(picture.sha256)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{picture.sha256}.bin"'
    assert "sandbox" in answer.headers["content-security-policy"]
    last = list(chain(board.engine))[-1]
    assert (last.who, last.action, last.subject) == ("aoki", "board original", f"picture {picture.sha256}")


def test_the_page_of_a_case_has_the_original_for_those_who_may_open_it(board: Board, somebody: Make) -> None:
    form = f'action="/original/{known(board).sha256}"'
    for role in ("viewer", "analyst", "approver"):
        assert (form in somebody(role).get("/case/1").text) == (role != "viewer")


def test_an_original_is_not_for_viewers_and_only_of_pictures(board: Board, somebody: Make) -> None:
    picture = known(board)
    assert somebody("viewer").post(f"/original/{picture.sha256}").status_code == 403
    one = somebody("analyst")
    assert one.post(f"/original/{picture.rendition}").status_code == 404
    assert one.post(f"/original/{UNKNOWN}").status_code == 404
    assert one.get(f"/original/{picture.sha256}").status_code in (404, 405)


def test_pictures_are_for_those_who_are_signed_in(board: Board, somebody: Make) -> None:
    picture = known(board)
    for path in (f"/picture/{picture.sha256}", "/case/1/crop/1/0", "/case/1/beside/1/0"):
        answer = somebody().get(path)
        assert answer.status_code in (303, 401)
        assert not answer.headers.get("content-type", "").startswith("image/")


RED, BLUE = (200, 20, 20), (20, 20, 200)


def test_beside_a_match_stands_what_it_resembles(
    configured: Callable[[str], None], store: Store, request: pytest.FixtureRequest
) -> None:
    Image.new("RGB", (60, 30), RED).save(store.folder / "logo.png")
    text = store.config.read_text("utf-8")
    store.config.write_text(text.replace("domains = [", 'logos = ["logo.png"]\ndomains = ['), "utf-8")
    board: Board = request.getfixturevalue("board")
    somebody: Make = request.getfixturevalue("somebody")
    with transaction(board.engine) as session:
        case = session.get_one(Case, 1)
        verdict = session.get_one(VerdictRow, case.verdict_id)
        [item] = session.scalars(select(CaseItem.item_id).where(CaseItem.case_id == 1)).all()
        evidence = {
            "signal": "picture.logo", "weight": 3.0, "strength": 0.9, "observed": "part of the picture",
            "expected": "logo.png", "says": "Carries the logo.", "where": {"image": 0, "box": [40, 20, 100, 50]},
        }  # fmt: skip
        number = len(verdict.evidence)
        verdict.evidence = [*verdict.evidence, evidence]
        of = VersionPicture.version_id == verdict.version_id
        picture = known_picture(session, session.scalars(select(VersionPicture.sha256).where(of)).one())
    assert picture is not None
    assert picture.rendition is not None
    drawn = BytesIO()
    Image.new("RGB", (200, 100), BLUE).save(drawn, "PNG")
    with transaction(board.engine) as session:
        blue = board.media.put(drawn.getvalue())
        session.execute(update(Picture).where(Picture.sha256 == picture.sha256).values(rendition=blue))
    for future in board.likenesses._read.values():
        future.result(60)
    one = somebody("viewer")
    page = one.get("/case/1").text
    pair = re.search(r'<div class="pair">(.*?)</div>', page, re.DOTALL)
    assert pair
    crop, beside = f"/case/1/crop/{item}/{number}", f"/case/1/beside/{item}/{number}"
    assert re.findall(r'<img src="([^"]+)"', pair[1]) == [crop, beside]
    assert "Carries the logo." in page
    for path, size, color in ((crop, (130, 66), BLUE), (beside, (60, 30), RED)):
        answer = one.get(path)
        assert answer.status_code == 200
        with Image.open(BytesIO(answer.content)) as shown:
            assert answer.headers["content-type"] == shown.get_format_mimetype()
            assert shown.size == size
            middle = shown.convert("RGB").getpixel((shown.width // 2, shown.height // 2))
        assert isinstance(middle, tuple)
        assert max(abs(seen - drawn) for seen, drawn in zip(middle, color, strict=True)) < 30
    for path in (crop, beside):
        missing = [path.replace("/case/1/", "/case/2/"), f"{path}0", path.replace(f"/{item}/", "/99999/")]
        assert [one.get(address).status_code for address in missing] == [404, 404, 404]
