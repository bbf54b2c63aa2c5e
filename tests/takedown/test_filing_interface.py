"""Notices that are filed by an interface: what is kept of the call, what its answer makes of the draft."""

import json
from dataclasses import replace
from typing import Any

import pytest

from config.takedown import Account
from takedown.errors import FilingFailed, FilingRefused
from takedown.filing import Desk, file_notice
from tests.servers.sink import Reply, Sink
from tests.takedown.desk import SHIPPED, changed, desk_of, drafted, view_of, with_takedown
from tests.takedown.stage import SECRET, Stage


def interface(stage: Stage, sink: Sink, **more: Any) -> Desk:
    api = SHIPPED.get("netcraft").api
    assert api is not None
    catalogue = changed("netcraft", api={**api.model_dump(), "url": sink.url("/api/v3/report/urls"), **more})
    return desk_of(stage, allow=sink.port, catalogue=catalogue)


def test_an_interface_gets_one_post_and_gives_its_reference(stage: Stage) -> None:
    with Sink(Reply(body=b'{"uuid": "3ZKf", "message": "ok"}')) as sink:
        desk = interface(stage, sink)
        number = drafted(stage, "netcraft", desk=desk)
        done = file_notice(desk, number, who="keiko")
    [request] = sink.received
    body = json.loads(request.body)
    assert [entry["url"] for entry in body["urls"]] == list(done.view.targets)
    assert done.view.their_reference == "3ZKf"
    assert done.view.manifest is not None
    manifest = json.loads(stage.media.read(done.view.manifest))
    roles = {file["role"]: stage.media.read(file["sha256"]) for file in manifest["files"]}
    assert roles == {"request": request.body, "answer": b'{"uuid": "3ZKf", "message": "ok"}'}
    assert manifest["facts"]["status"] == 200


def test_the_token_of_an_interface_is_kept_nowhere_even_where_it_is_repeated(stage: Stage) -> None:
    (stage.folder / "token").write_text(SECRET)
    row = {"channel": "netcraft", "token": "file:token"}
    account = Account.model_validate(row, context={"base": stage.folder})
    echo = json.dumps({"uuid": f"u-{SECRET}", "message": SECRET}).encode()
    with Sink(Reply(status=503, body=echo), Reply(status=422, body=echo), Reply(body=echo)) as sink:
        desk = interface(stage, sink, headers={"Authorization": "Bearer {token}"})
        desk = replace(desk, config=with_takedown(desk.config, account=(account,)))
        number = drafted(stage, "netcraft", desk=desk)
        for _ in range(2):
            with pytest.raises(FilingFailed) as caught:
                file_notice(desk, number, who="keiko")
            assert SECRET not in str(caught.value)
        done = file_notice(desk, number, who="keiko")
    assert [request.headers["authorization"] for request in sink.received] == [f"Bearer {SECRET}"] * 3
    assert done.view.their_reference is None
    stage.engine.dispose()
    for path in stage.folder.rglob("*"):
        if path.is_file() and path.name != "token":
            assert SECRET.encode() not in path.read_bytes(), path.name


@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_answer_that_may_hide_that_it_was_taken_leaves_the_notice_under_way(stage: Stage, status: int) -> None:
    with Sink(Reply(status=status)) as sink:
        desk = interface(stage, sink)
        number = drafted(stage, "netcraft", desk=desk)
        with pytest.raises(FilingFailed, match=rf"answered {status}; nobody knows whether it arrived") as caught:
            file_notice(desk, number, who="keiko")
        assert caught.value.unknown
        assert view_of(stage, number).sending_at is not None
        with pytest.raises(FilingRefused, match="retry"):
            file_notice(desk, number, who="keiko")
    assert len(sink.received) == 1


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(status=400, body=b'{"message": "urls: none is valid"}'), r"refused it \(400\): urls: none is valid"),
        (Reply(status=503), "answered 503; it can be filed again later"),
        (Reply(status=401), "the token is not accepted"),
    ],
)
def test_what_an_interface_refuses_leaves_a_draft(stage: Stage, reply: Reply, says: str) -> None:
    with Sink(reply) as sink:
        desk = interface(stage, sink)
        number = drafted(stage, "netcraft", desk=desk)
        with pytest.raises(FilingFailed, match=says):
            file_notice(desk, number, who="keiko")
        assert view_of(stage, number).state == "draft"
        assert file_notice(desk, number, who="keiko").view.state == "filed"
