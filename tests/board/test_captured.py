"""What hostile pages sent is kept as evidence, and no address of the board gives it to a browser as a page."""

import json
from dataclasses import replace
from io import BytesIO

from PIL import Image

from spiders.visits.keeping import kept
from storage.database import snapshot, transaction
from storage.pictures import PictureRecord, save_picture
from storage.visits import LinkToVisit, VisitRound, proved, save_visits, visits_of
from tests.board.conftest import Somebody
from tests.board.test_case_takedown import Open, opened, sink
from tests.takedown.conftest import set_up, stage
from tests.takedown.desk import LATER
from tests.takedown.stage import LINK, Stage, followed

__all__ = ["opened", "set_up", "sink", "stage"]

PAGE = b"<!doctype html><title>Sale</title><script>document.title = 'ran'</script>"


def rendered(stage: Stage) -> None:
    """Follow the case's link once more, with the page as a browser had it at the end among what is kept."""
    one = replace(followed(LINK, "browser", title="Sale", at=LATER, status=200), rendered=PAGE)
    round_ = VisitRound(link=LinkToVisit(url=LINK, cases=(stage.case,)), visits=(kept(one, stage.media.put),))
    sound = proved(stage.media, round_, LATER)
    with transaction(stage.engine) as session:
        save_visits(session, round_.link, sound, who="mekiki", authority=None, now=LATER)


def captured(stage: Stage) -> dict[str, set[str]]:
    """Return what proves the journeys of a case: role -> addresses in the media store."""
    found: dict[str, set[str]] = {"manifest": set()}
    with snapshot(stage.engine) as session:
        visits = visits_of(session, stage.case)
    for visit in visits:
        assert visit.evidence
        found["manifest"].add(visit.evidence)
        for file in json.loads(stage.media.read(visit.evidence))["files"]:
            found.setdefault(file["role"], set()).add(file["sha256"])
    return found


def given(one: Somebody, stage: Stage, address: str) -> dict[str, tuple[int, str]]:
    """Return status and type of what each address answers that takes a SHA-256."""
    answers = {
        "picture": one.get(f"/picture/{address}"),
        "small picture": one.get(f"/picture/{address}?side=320"),
        "screen": one.get(f"/case/{stage.case}/screen/{address}"),
        "logo": one.get(f"/setup/logo/{address}"),
        "original": one.post(f"/original/{address}"),
    }
    for name, answer in answers.items():
        assert b"<script" not in answer.content, name
        assert answer.headers["x-content-type-options"] == "nosniff"
        if answer.headers["content-type"] == "application/octet-stream":
            assert answer.headers["content-disposition"].startswith("attachment")
            assert answer.headers["content-security-policy"] == "sandbox"
    return {name: (answer.status_code, answer.headers["content-type"]) for name, answer in answers.items()}


GONE = (404, "image/svg+xml")
NOTHING = {
    "picture": GONE,
    "small picture": GONE,
    "screen": GONE,
    "logo": GONE,
    "original": (404, "text/plain; charset=utf-8"),
}


def test_of_what_was_captured_only_pictures_are_given(stage: Stage, opened: Open) -> None:
    rendered(stage)
    one, files = opened("admin"), captured(stage)
    assert set(files) == {"manifest", "log", "page", "screenshot", "warc"}
    assert [stage.media.read(address) for address in files["page"]] == [PAGE]
    shots = files.pop("screenshot")
    for role, addresses in files.items():
        for address in addresses:
            assert given(one, stage, address) == NOTHING, role
    for address in shots:
        answers = given(one, stage, address)
        assert answers.pop("original") == (200, "application/octet-stream")
        assert answers.pop("screen") == GONE  # that has the rendition alone
        assert answers.pop("picture")[1] in ("image/png", "image/jpeg")
        assert answers.pop("small picture") == (200, "image/webp")


def test_a_page_that_came_as_a_picture_is_a_file_to_take_away_and_nothing_else(stage: Stage, opened: Open) -> None:
    address = stage.media.put(PAGE)
    record = PictureRecord(
        sha256=address, mime=None, bytes=len(PAGE), width=None, height=None, hash=None, rendition=None,
        refused="not an image",
    )  # fmt: skip
    with transaction(stage.engine) as session:
        save_picture(session, record, LATER)
    one = opened("admin")
    answer = one.post(f"/original/{address}")
    assert answer.content == PAGE
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{address}.bin"'
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for path in (f"/picture/{address}", f"/picture/{address}?side=320", f"/case/{stage.case}/screen/{address}"):
        shown = one.get(path)
        assert (shown.status_code, shown.headers["content-type"]) == GONE


def test_a_screen_is_made_of_pixels(stage: Stage, opened: Open) -> None:
    with snapshot(stage.engine) as session:
        [shot, *_] = [visit.screenshot for visit in visits_of(session, stage.case) if visit.screenshot]
    answer = opened("viewer").get(f"/case/{stage.case}/screen/{shot}?side=full")
    with Image.open(BytesIO(answer.content)) as drawn:
        assert answer.headers["content-type"] == drawn.get_format_mimetype()
