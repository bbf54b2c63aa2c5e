"""Rights: who may file, by which letter, with which trademarks, on which day."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from config.takedown import Authority
from takedown.rights import in_force
from tests.takedown.drafts import LATER, actor_of, branded, channel_of, drafted, filed_by, lacks, story_of
from tests.takedown.stage import Stage

AGENCY = "架空ブランド保護株式会社"
TODAY = LATER.date()
EXPIRED = (
    f"the authority of {AGENCY} ended on 2026-10-01: have it renewed, then change [[brand.authority]] until of brand "
    "hoshino"
)


def letter(folder: Path, until: date | None, *, who: str = AGENCY, there: bool = True) -> Authority:
    """Return a letter of authority, whose file is there or not."""
    path = folder / "authority.pdf"
    if there:
        path.write_bytes(b"%PDF-1.4\n% a letter\n%%EOF\n")
    return Authority(who=who, file=path, until=until)


@pytest.mark.parametrize(
    ("who", "relation", "says"),
    [
        (["owner"], "owner", []),
        (["anyone"], "owner", []),
        (["anyone"], "agent", []),
        (["owner", "agent"], "owner", []),
        (["agent"], "owner", ["only agent may file there, and [takedown.filer] relation is 'owner'"]),
        (
            ["owner"],
            "agent",
            ["only the owner may file there, and [takedown.filer] relation is 'agent': let the owner file it"],
        ),
        (
            ["victim"],
            "owner",
            ["only people who were harmed may file there: ask a customer who paid, or the police, to do it"],
        ),
        (
            ["owner", "agent"],
            "agent",
            [f"there is no letter by which {AGENCY} may act for brand hoshino: add it as [[brand.authority]]"],
        ),
    ],
)
def test_who_may_file(stage: Stage, who: list[str], relation: str, says: list[str]) -> None:
    changes = {} if relation == "owner" else {"organization": AGENCY}
    config = filed_by(stage.config, relation=relation, **changes)
    story = story_of(stage)
    assert lacks(stage, story, actor_of(story, "platform"), channel_of(who=who), config=config) == says


@pytest.mark.parametrize(
    ("until", "says"),
    [
        (None, []),
        (TODAY, []),
        (TODAY - timedelta(days=1), ["ended on 2026-11-23"]),
        (date(2026, 10, 1), ["ended on 2026-10-01"]),
    ],
)
def test_a_letter_holds_until_its_last_day(stage: Stage, tmp_path: Path, until: date | None, says: list[str]) -> None:
    story = branded(story_of(stage), authority=(letter(tmp_path, until),))
    config = filed_by(stage.config, relation="agent", organization=AGENCY)
    said = lacks(stage, story, actor_of(story, "platform"), channel_of(who=["owner", "agent"]), config=config)
    assert len(said) == len(says)
    assert all(part in whole for part, whole in zip(says, said, strict=True))


def test_an_ended_authority_says_what_to_do(stage: Stage, tmp_path: Path) -> None:
    letters = (
        letter(tmp_path, date(2025, 10, 1)),
        letter(tmp_path, date(2026, 10, 1)),
        letter(tmp_path, None, who="別の会社"),
    )
    story = branded(story_of(stage), authority=letters)
    config = filed_by(stage.config, relation="agent", organization=AGENCY)
    channel = channel_of(who=["agent"], evidence=[{"kind": "authority"}])
    platform = actor_of(story, "platform")
    assert lacks(stage, story, platform, channel, config=config) == [EXPIRED]


def test_an_agent_needs_a_letter_where_a_trademark_is_needed_though_anybody_may_file(stage: Stage) -> None:
    config = filed_by(stage.config, relation="agent", organization=AGENCY)
    story = story_of(stage)
    [said] = lacks(stage, story, actor_of(story, "platform"), channel_of(needs=["trademark"]), config=config)
    assert said.startswith("there is no letter by which")


def test_a_letter_goes_along_and_is_named_in_the_text(stage: Stage, tmp_path: Path) -> None:
    story = branded(story_of(stage), authority=(letter(tmp_path, date(2027, 3, 31)),))
    config = filed_by(stage.config, relation="agent", organization=AGENCY, organization_en="Kaku Brand Protection Inc.")
    channel = channel_of("trademark", who=["agent"], needs=["trademark"], evidence=[{"kind": "authority"}])
    english = drafted(stage, story, actor_of(story, "platform"), channel, config=config)
    [file] = english.attachments
    assert file.name == f"authority-1-{file.sha256[:16]}.pdf"
    assert stage.media.read(file.sha256) == (tmp_path / "authority.pdf").read_bytes()
    assert "Kaku Brand Protection Inc., authorised representative of the owner" in english.body
    assert "letter of authority valid until 2027-03-31" in english.body
    japanese = drafted(stage, story, actor_of(story, "platform"), channel, "ja", config=config).body
    assert "（権利者の代理人。委任状の有効期限：2027-03-31）" in japanese


def test_a_letter_whose_file_is_gone_is_none(stage: Stage, tmp_path: Path) -> None:
    story = branded(story_of(stage), authority=(letter(tmp_path, None, there=False),))
    config = filed_by(stage.config, relation="agent", organization=AGENCY)
    said = lacks(stage, story, actor_of(story, "platform"), channel_of(who=["agent"]), config=config)
    assert said == [
        "[[brand.authority]] file of brand hoshino: there is no file 'authority.pdf': put it there, or correct the path"
    ]


def test_a_trademark_is_in_force_until_its_last_day(stage: Stage) -> None:
    story = story_of(stage)
    channel = channel_of("trademark", needs=["trademark"])
    platform = actor_of(story, "platform")
    assert lacks(stage, story, platform, channel, today=date(2031, 5, 31)) == []
    assert lacks(stage, story, platform, channel, today=date(2031, 6, 1)) == [
        "no trademark of brand hoshino is in force: 登録第0000001号 ended on 2031-05-31: "
        "have it renewed, then change [[brand.trademark]] until"
    ]
    assert in_force(story.brand, date(2031, 6, 1)) == ()


def test_a_certificate_must_be_there(stage: Stage) -> None:
    story = story_of(stage)
    platform = actor_of(story, "platform")
    channel = channel_of(evidence=[{"kind": "certificate"}])
    assert lacks(stage, story, platform, channel) == []
    (stage.folder / "rights" / "0000001.pdf").unlink()
    assert lacks(stage, story, platform, channel) == [
        "[[brand.trademark]] certificate of brand hoshino: there is no file '0000001.pdf': "
        "put it there, or correct the path"
    ]


def test_copyright_needs_a_copy(stage: Stage) -> None:
    story = story_of(stage)
    channel = channel_of(needs=["copyright"])
    assert lacks(stage, story, actor_of(story, "platform", "youtube"), channel) == [
        "nothing of the case is a copy of the brand's own pictures or pages: this channel is for copyright"
    ]
