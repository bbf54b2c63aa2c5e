"""Sharing profiles: which one holds, who shares, and what cannot be configured."""

import re
from pathlib import Path
from typing import get_args

import pytest

from config import ConfigError, load
from config.sharing import WITHOUT_PEOPLE, Part, Sharing
from takedown.sharing.errors import UnknownProfile
from takedown.sharing.profile import profile_of, sharer
from tests.takedown.stage import Stage

HEAD = '[crawler]\ncontact = "brand@hoshino-denki.example"\n'


def test_every_profile_of_the_page_loads_and_every_part_is_described(tmp_path: Path) -> None:
    page = Path("docs/sharing.md").read_text("utf-8")
    [block] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "mekiki.toml"
    file.write_text(HEAD + block, "utf-8")
    config = load(file)
    assert [profile.key for profile in config.sharing] == ["association", "filters"]
    assert profile_of(config).key == "association"
    assert profile_of(config, "default").include == WITHOUT_PEOPLE
    assert set(re.findall(r"^\| `(\w+)` \| (?!a |MISP|the )", page, re.MULTILINE)) >= set(get_args(Part))
    with pytest.raises(UnknownProfile, match=r"^there is no sharing profile 'filter'; did you mean 'filters'\?$"):
        profile_of(config, "filter")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('include = ["names"]', "sharing[0].include[0]: "),
        ('states = ["open"]', "sharing[0].states[0]: "),
        ("states = []", "sharing[0].states: "),
        ('tlp = "white"', "sharing[0].tlp: "),
        ('never = ["a b"]', "sharing[0].never: expected hosts such as shop.example, got 'a b'"),
        ('inculde = ["hosts"]', "sharing[0].inculde: unknown key; did you mean 'include'?"),
    ],
)
def test_what_a_profile_cannot_be_is_one_line(tmp_path: Path, line: str, expected: str) -> None:
    file = tmp_path / "mekiki.toml"
    file.write_text(f'{HEAD}[[sharing]]\nkey = "a"\n{line}\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert expected in str(caught.value)


def test_a_profile_that_is_there_twice_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mekiki.toml"
    file.write_text(HEAD + '[[sharing]]\nkey = "a"\n' * 2, "utf-8")
    with pytest.raises(ConfigError, match=r"sharing\[1\]\.key: 'a' is used twice"):
        load(file)


def test_who_shares_is_an_organization_with_a_contact_that_everybody_may_have(stage: Stage) -> None:
    default = Sharing(key="default")
    by = sharer(stage.config, default)
    assert (by.name, by.contact) == ("星野電機株式会社", "brand-protection@hoshino-denki.example")
    nobody = stage.config.model_copy(update={"takedown": stage.config.takedown.model_copy(update={"filer": None})})
    assert sharer(nobody, default, stage.config.brand[0]).name == "星野電機株式会社"
    named = Sharing.model_validate({"key": "a", "identity": {"name": "Desk"}})
    assert (sharer(stage.config, named).name, sharer(stage.config, named).contact) == ("Desk", None)
