"""The session of docs/takedown.md: from a case of the demo's world to gone, back, and gone again; typed for real."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from spiders.visits import chromium
from tests.servers.session import steps, typed

PAGE = Path("docs/takedown.md")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """The demo's world, still running, and the variables that the page sets."""
    command = [sys.executable, "-m", "cli", "demo", "--dir", str(tmp_path / "demo"), "--serve"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as demo:
        assert demo.stdout is not None
        told = ""
        for line in demo.stdout:
            told += line
            if "until Ctrl-C" in line:
                break
        else:
            pytest.fail(told)
        port = told.partition("127.0.0.1:")[2].partition(":")[0]
        config = str(tmp_path / "demo" / "mekiki.toml")
        listed = json.loads(typed(f"mekiki cases list --json -c {config}", tmp_path, {}))
        [case] = [str(one["id"]) for one in listed if one["title"].startswith("hoshino-denki-sale.test")]
        yield {"MEKIKI_CONFIG": config, "PORT": port, "CASE": case}
        demo.terminate()
        demo.stdout.read()


@pytest.mark.skipif(chromium.absent() is not None, reason=str(chromium.absent()))
def test_the_session_runs_as_it_is_written(world: Mapping[str, str], tmp_path: Path) -> None:
    for step in steps(PAGE):
        printed = typed(step.command, tmp_path, world)
        assert step.fits(printed), f"{PAGE}:{step.line}: $ {step.command}\n{printed}\ninstead of\n{step.shown}"
