"""Proofs: which files go with a notice, under which names, within what a channel takes."""

import json
from dataclasses import replace

import pytest

from storage.case_views import PictureView
from takedown.story import Story
from tests.takedown.drafts import actor_of, channel_of, drafted, story_of
from tests.takedown.stage import Stage

ALL = [{"kind": kind} for kind in ("warc", "journey", "certificate", "ad_picture", "screenshot")]


def test_files_are_named_by_what_they_are_the_most_telling_first(stage: Stage) -> None:
    notice = drafted(stage, story_of(stage), actor_of(story_of(stage), "platform"), channel_of(evidence=ALL))
    names = [file.name for file in notice.attachments]
    assert [name.rpartition("-")[0] for name in names] == [
        *("screenshot-1", "ad_picture-1", "certificate-1", "journey-1", "journey-2", "warc-1", "warc-2"),
        "original_picture-1",
    ]
    assert [name.partition(".")[2] for name in names] == ["jpg", "jpg", "pdf", "json", "json", *["warc.gz"] * 2, "bin"]
    for file in notice.attachments:
        assert len(stage.media.read(file.sha256)) == file.bytes
        assert file.name.partition(".")[0].endswith(file.sha256[:16])


def test_the_originals_are_the_bytes_that_were_served(stage: Stage) -> None:
    story = story_of(stage)
    notice = drafted(stage, story, actor_of(story, "platform"), channel_of(evidence=[{"kind": "ad_picture"}]))
    [picture] = story.case.items[0].pictures
    assert [file.sha256 for file in notice.attachments] == [picture.rendition, picture.sha256]


def test_a_journey_is_the_record_that_custody_knows(stage: Stage) -> None:
    story = story_of(stage)
    notice = drafted(stage, story, actor_of(story, "platform"), channel_of(evidence=[{"kind": "journey"}]))
    assert {file.sha256 for file in notice.attachments} == {visit.evidence for visit in story.case.visits}
    assert json.loads(stage.media.read(notice.attachments[0].sha256))["action"] == "visit"


def test_only_what_a_channel_asks_for_goes_along(stage: Stage) -> None:
    story = story_of(stage)
    assert drafted(stage, story, actor_of(story, "platform"), channel_of()).attachments == ()


def test_what_is_too_large_is_left_out_from_the_end_and_named(stage: Stage) -> None:
    story = story_of(stage)
    platform = actor_of(story, "platform")
    whole = drafted(stage, story, platform, channel_of(evidence=ALL))
    room = sum(file.bytes for file in whole.attachments[:3]) + 10
    some = drafted(stage, story, platform, channel_of(evidence=ALL, limits={"bytes": room}))
    assert some.attachments == whole.attachments[:3]
    assert len(some.notes) == 5
    assert some.notes[0].startswith(f"left out, the channel takes {room} bytes of files: record of a visit")
    assert whole.attachments[3].sha256 not in some.body


def pictures(story: Story, stage: Stage, count: int) -> Story:
    """Return the story with many pictures in its first item."""
    found = []
    for number in range(count):
        drawn, served = (stage.media.put(b"\xff\xd8\xff %s %d" % (what, number)) for what in (b"drawn", b"served"))
        found.append(
            PictureView(
                reference=f"https://x.example/../../{number}", sha256=served, rendition=drawn, width=1, height=1
            )
        )
    first = replace(story.case.items[0], pictures=tuple(found))
    return replace(story, case=replace(story.case, items=(first, *story.case.items[1:])))


def test_no_more_than_a_few_of_one_kind(stage: Stage) -> None:
    story = pictures(story_of(stage), stage, 9)
    notice = drafted(stage, story, actor_of(story, "platform"), channel_of(evidence=[{"kind": "ad_picture"}]))
    numbered = [file.name.rpartition("-")[0] for file in notice.attachments]
    assert numbered == [f"{kind}-{number}" for kind in ("ad_picture", "original_picture") for number in range(1, 6)]
    assert any(note.startswith("left out, more than 5: picture of the ad") for note in notice.notes)


@pytest.mark.parametrize("kind", ["screenshot", "warc"])
def test_a_manifest_that_is_gone_is_no_crash(stage: Stage, kind: str) -> None:
    story = story_of(stage)
    for visit in story.case.visits:
        assert visit.evidence is not None
        stage.media.path(visit.evidence).unlink()
    channel = channel_of(evidence=[{"kind": kind, "required": False}])
    notice = drafted(stage, story, actor_of(story, "platform"), channel)
    assert [file.kind for file in notice.attachments] == (["screenshot"] if kind == "screenshot" else [])
