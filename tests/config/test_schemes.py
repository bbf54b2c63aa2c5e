"""Every address that a configuration can name is http or https, or the field is named and nothing is loaded."""

from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from config import ConfigError, load
from config.fields import WebUrl
from config.models import Evidence, Visitor
from config.sources import KINDS

BAD = ("file:///etc/passwd", "ftp://a.example/x", "data:text/html,x", "s3://bucket/key", "gopher://a.example/x")
HEAD = '[crawler]\ncontact = "brand@hoshino-denki.example"\n'


def addresses(model: Any) -> list[str]:
    """Return the names of a model's fields that hold addresses, alone or in lists and tables."""

    def holds(kind: Any) -> bool:
        return kind == WebUrl or any(holds(inner) for inner in get_args(kind))

    return [
        name
        for name, field in model.model_fields.items()
        if any(entry in get_args(WebUrl)[1:] for entry in field.metadata) or holds(field.annotation)
    ]


FIELDS = [(kind, name) for model in KINDS for kind in sorted(model.kinds()) for name in addresses(model)]


def test_the_addresses_are_found() -> None:
    assert ("web", "urls") in FIELDS
    assert ("rdap", "servers") in FIELDS
    assert ("tiktok", "token_url") in FIELDS
    for model in KINDS:  # whatever is called an address, is one
        named = {name for name in model.model_fields if "url" in name or name in ("sitemaps", "servers", "links")}
        assert named == set(addresses(model)), model


def written(kind: str, name: str, value: str) -> str:
    model = next(model for model in KINDS if kind in model.kinds())
    annotation = str(model.model_fields[name].annotation)
    if annotation.startswith("dict"):
        shown = f'{{ test = "{value}" }}'
    else:
        shown = f'["{value}"]' if annotation.startswith("tuple") else f'"{value}"'
    return f'{HEAD}[[source]]\nkey = "a"\nkind = "{kind}"\n{name} = {shown}\n'


@pytest.mark.parametrize("address", BAD)
@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_source_with_another_scheme_is_refused_by_its_field(
    kind: str, name: str, address: str, tmp_path: Path
) -> None:
    file = tmp_path / "mekiki.toml"
    file.write_text(written(kind, name, address), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    told = [str(problem) for problem in caught.value.problems if "expected an http:// or https:// URL" in str(problem)]
    assert len(told) == 1, caught.value.problems
    assert f"source[0].{name}" in told[0]


@pytest.mark.parametrize("address", BAD)
def test_so_is_the_referrer_of_a_visitor(address: str) -> None:
    assert addresses(Visitor) == ["referrer"]
    with pytest.raises(ValidationError, match="expected an http:// or https:// URL"):
        TypeAdapter(Visitor).validate_python({"key": "v", "user_agent": "x", "referrer": address})


@pytest.mark.parametrize("address", BAD)
def test_so_is_a_time_stamping_authority(address: str) -> None:
    assert addresses(Evidence) == ["authority"]
    with pytest.raises(ValidationError, match="expected an http:// or https:// URL"):
        TypeAdapter(Evidence).validate_python({"authority": address})
