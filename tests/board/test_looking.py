"""Looking changes nothing: every address that shows something, with what a browser is given for its parameters."""

import re
from hashlib import sha256
from time import sleep
from typing import get_args
from urllib.parse import quote

import pytest
from sqlalchemy import select

from board.app import WAYS
from board.static import address
from storage.case_list import CaseOrder
from storage.database import snapshot, transaction
from storage.schema import CaseItem, CaseState, Picture, VerdictRow, VersionPicture
from storage.visits import visits_of
from tests.board.conftest import Somebody
from tests.board.test_case_takedown import Open, opened, sink
from tests.board.test_gate import contents
from tests.board.test_setup_logo import LOGO
from tests.takedown.conftest import set_up, stage
from tests.takedown.desk import drafted, filed_notice
from tests.takedown.stage import Stage

__all__ = ["opened", "set_up", "sink", "stage"]

SINGLE_SIGN_ON = {"/sign-in/oidc", "/sign-in/oidc/back"}  # lead away and back: tests/board/test_single_sign_on.py
LEADS_ON = {"/"}
STATES = (*get_args(CaseState), "all")


def files_of(stage: Stage) -> dict[str, str]:
    """Return what lies in the folder of the installation, but for the database."""
    there = (path for path in stage.folder.rglob("*") if path.is_file() and not path.name.startswith("mekiki.db"))
    return {str(path.relative_to(stage.folder)): sha256(path.read_bytes()).hexdigest() for path in there}


def match_in(stage: Stage) -> str:
    """Let the case's picture resemble one of the brand's; return item and number of that as they stand in a path."""
    with transaction(stage.engine) as session:
        kept = session.scalars(
            select(CaseItem)
            .join(VersionPicture, VersionPicture.version_id == CaseItem.version_id)
            .where(CaseItem.case_id == stage.case)
            .order_by(CaseItem.item_id)
        ).first()
        assert kept is not None
        verdict = session.get_one(VerdictRow, kept.verdict_id)
        copy = {
            "signal": "picture.copy", "weight": 3.0, "strength": 0.9, "observed": "the picture",
            "expected": "ruscool.jpg", "says": "The brand's.", "where": {"image": 0, "box": [9, 9, 90, 90]},
        }  # fmt: skip
        verdict.evidence = [*verdict.evidence, copy]
        return f"{kept.item_id}/{len(verdict.evidence) - 1}"


def shown(stage: Stage, one: Somebody) -> dict[str, list[str]]:
    """Return addresses of each way that shows something, with what they need."""
    case, match = f"/case/{stage.case}", match_in(stage)
    notices = [drafted(stage), filed_notice(stage, "netcraft").id]
    with snapshot(stage.engine) as session:
        pictures = session.scalars(select(Picture.sha256)).all()
        shots = {visit.screenshot for visit in visits_of(session, stage.case) if visit.screenshot}
    looked = one.post("/setup/logo", {"brand": "hoshino"}, files={"logo": ("mark.png", LOGO, "image/png")})
    copies = set(re.findall(r"/setup/logo/([0-9a-f]{64})", looked.text))
    assert pictures
    assert shots
    assert copies
    wall = one.get("/wall").text
    entries = re.findall(r'data-case="(\d+)" data-log="(\d+)"', wall) or [(str(stage.other), "1")]
    seen = ",".join(f"{number}:{entry}" for number, entry in entries)
    return {
        "/health": ["/health"],
        "/static/{hash}/{name}": [address("base.css"), address("wall.js")],
        "/sign-in": ["/sign-in", "/sign-in?next=/wall"],
        "/wall": [
            "/wall",
            *(f"/wall?order={order}&after={place}" for order, place in zip(get_args(CaseOrder), _PLACES, strict=True)),
            *(f"/wall?q={quote(f'state:{state}')}" for state in STATES),
            f"/wall?q={quote('brand:hoshino score:0.1 assignee:me')}&did=confirm&done={stage.case}:1:1",
        ],
        "/wall/news": [f"/wall/news?since=0&seen={seen}", f"/wall/news?q={quote('state:all')}&since=1&seen={seen}"],
        "/wall/cards": [f"/wall/cards?ids={stage.case},{stage.other}", f"/wall/cards?q=state:all&ids={stage.case}"],
        "/picture/{sha256}": [f"/picture/{one}?side={side}" for one in pictures for side in ("320", "640", "full")],
        "/case/{case:int}": [case, f"/case/{stage.other}", f"{case}?in=state:all&order=age"],
        "/case/{case:int}/items": [f"{case}/items", f"{case}/items?after={match.partition('/')[0]}"],
        "/case/{case:int}/log": [f"{case}/log", f"{case}/log?before=999999"],
        "/case/{case:int}/journeys": [f"{case}/journeys", f"{case}/journeys?from=0"],
        "/case/{case:int}/explanation": [f"{case}/explanation", f"/case/{stage.other}/explanation"],
        "/case/{case:int}/plan": [f"{case}/plan", f"/case/{stage.other}/plan"],
        "/case/{case:int}/crop/{item:int}/{number:int}": [f"{case}/crop/{match}"],
        "/case/{case:int}/beside/{item:int}/{number:int}": [f"{case}/beside/{match}"],
        "/case/{case:int}/screen/{sha256}": [f"{case}/screen/{shot}?side=640" for shot in shots],
        "/notice/{notice:int}": [f"/notice/{number}" for number in notices],
        "/notice/{notice:int}/outgoing": [f"/notice/{number}/outgoing" for number in notices],
        "/overview": ["/overview", "/overview?period=7d&brand=hoshino"],
        "/report": ["/report", *(f"/report?period=7d&format={form}" for form in ("html", "md", "csv", "json"))],
        "/setup": ["/setup"],
        "/setup/try": ["/setup/try"],
        "/setup/logo": ["/setup/logo"],
        "/setup/logo/{sha256}": [f"/setup/logo/{copy}{more}" for copy in copies for more in ("", "?download")],
        "/setup/silences": ["/setup/silences"],
        "/setup/ownership": ["/setup/ownership"],
        "/setup/ownership/try": ["/setup/ownership/try"],
        "/setup/check": ["/setup/check"],
    }


_PLACES = ("9.5:99999", "0.99:99999", quote("2020-01-01T00:00:00+00:00:1"))  # where a page before may have ended


def opened_at_last(one: Somebody, path: str, **headers: str) -> int:
    """Open a page until what it reads in the background is there; return the status."""
    for _ in range(100):
        answer = one.get(path, **headers)
        if answer.status_code != 404:
            break
        sleep(0.1)
    return answer.status_code


def test_whatever_is_shown_with_all_that_it_needs_changes_neither_rows_nor_files(stage: Stage, opened: Open) -> None:
    one = opened("admin")
    paths = shown(stage, one)
    assert set(paths) == {way.path for way in WAYS if way.method == "GET"} - SINGLE_SIGN_ON - LEADS_ON
    rows, files = contents(stage.engine), files_of(stage)
    for way, some in paths.items():
        for path in some:
            for headers in ({}, {"HX-Request": "true"}):
                assert opened_at_last(one, path, **headers) == 200, path
        assert contents(stage.engine) == rows, way
        assert files_of(stage) == files, way


@pytest.mark.parametrize("state", ["", *STATES])
def test_choosing_a_state_leads_to_its_list_and_changes_nothing(state: str, stage: Stage, opened: Open) -> None:
    one = opened("analyst")
    rows, files = contents(stage.engine), files_of(stage)
    answer = one.get(f"/wall?set=1&state={state}&brand=hoshino")
    assert answer.status_code == 303
    led = answer.headers["location"]
    assert led == "/wall?q=" + quote(f"state:{state} brand:hoshino" if state else "brand:hoshino").replace("%20", "+")
    for headers in ({}, {"HX-Request": "true"}):
        assert one.get(led, **headers).status_code == 200
    assert contents(stage.engine) == rows
    assert files_of(stage) == files
