"""What an operator installs: units, container files and manifests name commands, paths and keys that are there."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import click
import pytest
import yaml

from cli import main
from config import load
from console.commands.queue import worker
from watch.job import KINDS

OPS = Path("ops")
UNITS = sorted(OPS.glob("systemd/*.service"))
MANIFESTS = sorted(OPS.glob("kubernetes/*.yaml"))
HEALTH = {"/health", "/health/live"}


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Yield where a command line of mekiki stands, and its words after the program."""
    for unit in UNITS:
        line = re.search(r"^ExecStart=/opt/mekiki/bin/mekiki (.+)$", unit.read_text("utf-8"), re.MULTILINE)
        assert line, unit
        yield unit.name, shlex.split(line[1].replace("%I", "crawl,stamp"))
    services = yaml.safe_load((OPS / "container/compose.yaml").read_text("utf-8"))["services"]
    yield from ((name, service["command"]) for name, service in services.items() if "command" in service)
    for manifest in MANIFESTS:
        for document in yaml.safe_load_all(manifest.read_text("utf-8")):
            yield from ((f"{manifest.name}: {one['name']}", one["args"]) for one in containers(document))


def containers(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every container of a manifest."""
    if isinstance(node, dict):
        if "image" in node and "args" in node:
            yield node
        for value in node.values():
            yield from containers(value)
    elif isinstance(node, list):
        for value in node:
            yield from containers(value)


def of_all_manifests() -> Iterator[dict[str, Any]]:
    """Yield every container of all manifests."""
    for file in MANIFESTS:
        for document in yaml.safe_load_all(file.read_text("utf-8")):
            yield from containers(document)


@pytest.mark.parametrize(("where", "words"), list(command_lines()), ids=lambda value: str(value)[:60])
def test_every_command_line_is_one_that_mekiki_takes(where: str, words: list[str]) -> None:
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group):
        _, found, rest = command.resolve_command(click.Context(command), rest)
        assert found is not None, where
        command = found
    context = click.Context(command, resilient_parsing=False)
    command.parse_args(context, rest)  # raises for options and arguments that it does not have
    if queues := context.params.get("queues"):
        assert queues, where


def test_all_queues_are_served() -> None:
    """In each way of deploying, the workers together take every kind of job."""
    compose = yaml.safe_load((OPS / "container/compose.yaml").read_text("utf-8"))["services"].values()
    pods = [
        one for file in MANIFESTS for part in yaml.safe_load_all(file.read_text("utf-8")) for one in containers(part)
    ]
    for lines in ([service.get("command", []) for service in compose], [pod["args"] for pod in pods]):
        served = {kind for line in lines if line[:1] == ["worker"] for kind in line[2].split(",")}
        assert served == set(KINDS)


@pytest.mark.parametrize("folder", ["container", "kubernetes"])
def test_the_configuration_that_comes_along_loads(folder: str, tmp_path: Path) -> None:
    for file in (OPS / folder).glob("*.toml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/brands.toml").write_bytes((OPS / "kubernetes/brands.toml").read_bytes())
    config = load(tmp_path / "mekiki.toml")
    assert config.watch.listen == "0.0.0.0:9464"
    assert str(config.storage.media) == "/var/lib/mekiki/media"


def test_probes_ask_for_paths_that_the_endpoint_answers() -> None:
    probes = [one.get(f"{name}Probe") for one in of_all_manifests() for name in ("startup", "liveness", "readiness")]
    asked = {probe["httpGet"]["path"] for probe in probes if probe and "httpGet" in probe}
    assert asked == HEALTH
    compose = (OPS / "container/compose.yaml").read_text("utf-8")
    assert re.findall(r"127\.0\.0\.1:\d+/[a-z/]+", compose) == ["127.0.0.1:9464/health", "127.0.0.1:8480/health"]


def test_an_image_holds_every_package_and_nothing_more() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    ignored = (OPS / "container/Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "**"
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    assert packages <= let_in
    assert not let_in & {"tests", "benchmarks", "training", ".git", "docs"}


def test_the_image_gets_the_versions_that_are_tested() -> None:
    pinned = [
        dict(re.findall(r"^([\w.-]+)==([\w.]+)", path.read_text("utf-8"), re.MULTILINE))
        for path in (Path("requirements.lock"), OPS / "container/requirements.lock")
    ]
    assert pinned[1].items() <= pinned[0].items()
    assert "pytest" not in pinned[1]
    assert {"scrapy", "pgqueuer", "playwright", "faiss-cpu"} <= pinned[1].keys()


def test_workers_of_one_machine_are_told_to_answer_at_different_addresses() -> None:
    unit = (OPS / "systemd/mekiki-worker@.service").read_text("utf-8")
    instances = re.findall(r'"mekiki-worker@([a-z,]+)"', unit)
    own = re.findall(r"^#\s+/etc/mekiki/worker-([a-z,]+)\.environment: (\w+)=(\S+)$", unit, re.MULTILINE)
    assert [instance for instance, _, _ in own] == instances
    assert len({address for _, _, address in own}) == len(own) == 3
    variables = {option.envvar for option in worker.params}
    assert {variable for _, variable, _ in own} <= variables
    assert "EnvironmentFile=-/etc/mekiki/worker-%I.environment\n" in unit


@pytest.mark.skipif(which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units() -> None:
    units = [*UNITS, *sorted(OPS.glob("systemd/*.timer"))]
    command = ["systemd-analyze", "verify", *map(str, units)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    absent = "is not executable: No such file"  # the program is not installed where the units say
    assert [line for line in done.stderr.splitlines() if absent not in line] == []


@pytest.mark.skipif(which("kubectl") is None, reason="kubectl is not installed")
def test_kustomize_builds_the_manifests() -> None:
    done = subprocess.run(
        ["kubectl", "kustomize", str(OPS / "kubernetes")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kinds = sorted(part["kind"] for part in yaml.safe_load_all(done.stdout))
    assert kinds == [
        "ConfigMap", "CronJob", *["Deployment"] * 4, "Namespace", *["NetworkPolicy"] * 3,
        *["PersistentVolumeClaim"] * 2, "PodDisruptionBudget", "Service",
    ]  # fmt: skip
