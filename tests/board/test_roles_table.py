"""Who may what, written out: whoever changes the least role of an address changes it here, too."""

from board.app import WAYS
from config.board import Role

LEAST: dict[tuple[str, str], Role | None] = {  # None: open to all
    ("GET", "/"): "viewer",
    ("POST", "/language"): None,
    ("GET", "/health"): None,
    ("GET", "/static/{hash}/{name}"): None,
    ("GET", "/sign-in"): None,
    ("POST", "/sign-in"): None,
    ("POST", "/sign-out"): "viewer",
    ("POST", "/sign-in/header"): None,
    ("GET", "/sign-in/oidc"): None,
    ("GET", "/sign-in/oidc/back"): None,
    ("GET", "/wall"): "viewer",
    ("GET", "/wall/news"): "viewer",
    ("GET", "/wall/cards"): "viewer",
    ("POST", "/views"): "analyst",
    ("POST", "/views/drop"): "analyst",
    ("POST", "/judgements"): "analyst",
    ("POST", "/judgements/undo"): "analyst",
    ("GET", "/picture/{sha256}"): "viewer",
    ("POST", "/original/{sha256}"): "analyst",
    ("GET", "/case/{case:int}"): "viewer",
    ("GET", "/case/{case:int}/items"): "viewer",
    ("GET", "/case/{case:int}/log"): "viewer",
    ("GET", "/case/{case:int}/journeys"): "viewer",
    ("GET", "/case/{case:int}/explanation"): "viewer",
    ("GET", "/case/{case:int}/plan"): "viewer",
    ("GET", "/case/{case:int}/crop/{item:int}/{number:int}"): "viewer",
    ("GET", "/case/{case:int}/beside/{item:int}/{number:int}"): "viewer",
    ("GET", "/case/{case:int}/screen/{sha256}"): "viewer",
    ("GET", "/notice/{notice:int}"): "viewer",
    ("GET", "/notice/{notice:int}/outgoing"): "viewer",
    ("POST", "/case/{case:int}/merge"): "analyst",
    ("POST", "/case/{case:int}/unmerge"): "analyst",
    ("POST", "/case/{case:int}/split"): "analyst",
    ("POST", "/case/{case:int}/unsplit"): "analyst",
    ("POST", "/case/{case:int}/bundle"): "analyst",
    ("POST", "/case/{case:int}/notices"): "analyst",
    ("POST", "/notice/{notice:int}/approve"): "approver",
    ("POST", "/notice/{notice:int}/file"): "approver",
    ("POST", "/notice/{notice:int}/state"): "analyst",
    ("POST", "/notice/{notice:int}/withdraw"): "analyst",
    ("POST", "/notice/{notice:int}/retry"): "analyst",
    ("GET", "/overview"): "viewer",
    ("GET", "/report"): "viewer",
    ("GET", "/setup"): "viewer",
    ("GET", "/setup/try"): "viewer",
    ("POST", "/setup/try"): "viewer",
    ("GET", "/setup/logo"): "viewer",
    ("POST", "/setup/logo"): "analyst",
    ("GET", "/setup/logo/{sha256}"): "viewer",
    ("GET", "/setup/silences"): "viewer",
    ("POST", "/setup/silences"): "analyst",
    ("POST", "/setup/silences/{number:int}/end"): "analyst",
    ("GET", "/setup/ownership"): "viewer",
    ("GET", "/setup/ownership/try"): "viewer",
    ("POST", "/setup/ownership/try"): "viewer",
    ("POST", "/setup/ownership"): "admin",
    ("GET", "/setup/check"): "viewer",
}


def test_every_way_has_the_least_role_that_is_written_here() -> None:
    assert {(way.method, way.path): way.least for way in WAYS} == LEAST
    assert len(WAYS) == len(LEAST)


def test_only_two_forms_that_merely_ask_leave_no_row_of_custody() -> None:
    asking = {way.path for way in WAYS if way.method == "POST" and not way.writes}
    assert asking == {"/setup/try", "/setup/ownership/try"}
    assert all(way.writes for way in WAYS if way.path not in asking)
