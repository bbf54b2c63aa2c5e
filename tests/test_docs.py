"""Documentation that cannot rot: what it says is compared with the program."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import jsonschema
import pytest

from alerts.channels.webhook import webhook_schema
from board.server import check_address
from cli import VERBS, main
from config import load
from config.board import Board
from config.receivers import AnyReceiver
from config.sources import OURS
from detector.items import decode_item, item_schema

DOCS = [Path("README.md"), *sorted(Path("docs").glob("*.md"))]


def commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    """Yield every verb as it is typed."""
    for name in group.commands:
        _, command, _ = group.resolve_command(click.Context(group), [name])
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("command", list(commands(main)))
def test_every_command_is_documented(command: str) -> None:
    assert any(f"mekiki {command}" in path.read_text("utf-8") for path in DOCS)


def test_every_documented_command_exists() -> None:
    known = set(commands(main))
    groups = {verb.name for verb in VERBS if isinstance(verb.load(), click.Group)}
    for path in DOCS:
        for line in re.findall(r"(?:^\$ |`)mekiki ([a-z ]+)", path.read_text("utf-8"), re.MULTILINE):
            words = line.split()
            assert {words[0], " ".join(words[:2])} & (known | groups), f"{path}: {line}"


def test_the_configuration_reference_is_current() -> None:
    script = [sys.executable, "docs/configuration.py"]
    written = subprocess.run(script, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}).stdout
    assert Path("docs/configuration.md").read_text("utf-8") == written


def test_the_item_schema_is_current_and_accepts_the_documented_item() -> None:
    schema = json.loads(Path("docs/item.schema.json").read_text("utf-8"))
    assert schema == json.loads(json.dumps(item_schema()))
    blocks = re.findall(r"```json\n(.*?)```", Path("docs/sources.md").read_text("utf-8"), re.DOTALL)
    for block in blocks:
        jsonschema.validate(json.loads(block), schema)
        assert decode_item(block).kind == "ad"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"id": 1, "kind": "ad"}, schema)


def test_every_documented_source_loads_and_every_kind_is_documented(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(\[\[source\]\].*?)```", Path("docs/sources.md").read_text("utf-8"), re.DOTALL)
    head = '[crawler]\ncontact = "brand@hoshino-denki.example"\n'
    file = tmp_path / "mekiki.toml"
    kinds = set()
    for block in blocks:
        file.write_text(head + block, "utf-8")
        kinds |= {source.kind for source in load(file).source}
    assert kinds >= {kind for model in OURS for kind in model.kinds()} - {"web", "feed", "import"}  # in the starter


def test_every_documented_board_loads_and_would_listen(tmp_path: Path) -> None:
    page = Path("docs/board.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "mekiki.toml"
    shown: set[str] = set()
    for block in blocks:
        file.write_text('[crawler]\ncontact = "brand@hoshino-denki.example"\n' + block, "utf-8")
        board = load(file).board
        check_address(board)
        shown |= board.model_fields_set
    assert shown >= set(Board.model_fields) - {"writes"}
    (proxy,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    assert f"proxy_pass http://{Board().listen};" in proxy
    assert proxy.count("{") == proxy.count("}")


def test_every_documented_receiver_loads_and_every_channel_is_documented(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(\[\[receiver\]\].*?)```", Path("docs/alerts.md").read_text("utf-8"), re.DOTALL)
    file = tmp_path / "mekiki.toml"
    file.write_text('[crawler]\ncontact = "brand@hoshino-denki.example"\n' + "\n".join(blocks), "utf-8")
    channels = {get_args(model.model_fields["channel"].annotation)[0] for model in get_args(AnyReceiver)}
    assert {receiver.channel for receiver in load(file).receiver} == channels


def ordered(value: Any) -> Any:
    """Return a JSON value with the lists of a schema that have no order sorted."""
    if isinstance(value, dict):
        return {key: sorted(row) if key in ("enum", "required") else ordered(row) for key, row in value.items()}
    return [ordered(row) for row in value] if isinstance(value, list) else value


def test_the_webhook_schema_is_current() -> None:
    written = json.loads(Path("docs/alert.schema.json").read_text("utf-8"))
    assert ordered(written) == ordered(json.loads(json.dumps(webhook_schema())))


@pytest.mark.parametrize("path", DOCS, ids=str)
def test_relative_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), f"{path}: {target}"
