"""What an operator installs is closed: users, capabilities, networks, dumps of memory, passwords."""

import os
import re
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from board.server import check_address
from config.board import Board
from safety.egress import is_public

OPS = Path("ops")
UNITS = sorted(OPS.glob("systemd/*.service"))
CLOSED = {
    "CapabilityBoundingSet": "",
    "LimitCORE": "0",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectHome": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "ProtectSystem": "strict",
    "RestrictSUIDSGID": "yes",
    "StateDirectoryMode": "0700",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "User": "mekiki",
}
# Both sides of each edge of what is not public, and what clouds keep for themselves.
PROBES = (
    "0.0.0.1", "9.255.255.255", "10.0.0.1", "100.63.255.255", "100.64.0.1", "127.0.0.1", "168.63.129.16",
    "169.254.169.254", "172.15.255.255", "172.16.0.1", "172.32.0.1", "192.0.0.192", "192.167.255.255", "192.168.0.1",
    "198.17.255.255", "198.18.0.1", "198.20.0.0", "223.255.255.255", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2001::1", "2002:a00:1::", "2606:4700::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
)  # fmt: skip


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((OPS / "container/compose.yaml").read_text("utf-8"))
    return found


def manifests() -> Iterator[dict[str, Any]]:
    for file in sorted(OPS.glob("kubernetes/*.yaml")):
        yield from yaml.safe_load_all(file.read_text("utf-8"))


def pods() -> dict[str, dict[str, Any]]:
    """Return the specification of each pod, by the name of what makes it."""
    found = {}
    for part in manifests():
        spec = part.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            found[part["metadata"]["name"]] = spec["template"]["spec"]
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_closed(unit: Path) -> None:
    said = dict(re.findall(r"^(\w+)=(.*)$", unit.read_text("utf-8"), re.MULTILINE))
    assert {name: said.get(name) for name in CLOSED} == CLOSED


def test_a_worker_in_a_container_may_do_nothing_that_it_need_not(services: dict[str, dict[str, Any]]) -> None:
    workers = {name: one for name, one in services.items() if one["image"] == "mekiki"}
    assert workers.keys() == {"upgrade", "crawl", "tell", "visit", "board"}
    for worker in workers.values():
        assert (worker["cap_drop"], worker["read_only"], worker["ulimits"]) == (["ALL"], True, {"core": 0})
    assert all("no-new-privileges:true" in one["security_opt"] for one in services.values())
    assert not any(one.get("privileged") for one in services.values())
    assert {name: one["ports"] for name, one in services.items() if "ports" in one} == {
        "board": ["127.0.0.1:8480:8480"]
    }


def test_the_board_in_a_container_answers_the_proxy_of_its_machine_alone(services: dict[str, dict[str, Any]]) -> None:
    board = Board.model_validate(tomllib.loads((OPS / "container/mekiki.toml").read_text("utf-8"))["board"])
    (front,) = compose()["networks"]["front"]["ipam"]["config"]
    assert services["board"]["networks"] == ["front", "inside"]
    assert (board.listen, board.trusted) == ("0.0.0.0:8480", (ip_network(front["gateway"]),))
    assert ip_address(front["gateway"]) in ip_network(front["subnet"])
    check_address(board)


def test_the_board_in_a_pod_answers_the_ingress_alone() -> None:
    board = Board.model_validate(tomllib.loads((OPS / "kubernetes/mekiki.toml").read_text("utf-8"))["board"])
    check_address(board)
    (rule,) = _policy("board")["ingress"]
    port = int(board.listen.rpartition(":")[2])
    (one,) = pods()["board"]["containers"]
    assert [found["containerPort"] for found in one["ports"]] == [found["port"] for found in rule["ports"]] == [port]
    assert board.trusted
    assert not any(ip_network("0.0.0.0/0") == network for network in board.trusted)
    for name in ("startup", "liveness", "readiness"):  # the kubelet's own requests would be answered with nothing
        assert f"http://127.0.0.1:{port}/health" in one[f"{name}Probe"]["exec"]["command"][-1]


def test_the_database_of_containers_is_reached_by_workers_alone(services: dict[str, dict[str, Any]]) -> None:
    assert services["database"]["networks"] == ["inside"]
    assert compose()["networks"]["inside"] == {"internal": True}


def test_workers_in_containers_are_no_superuser_and_have_no_password_in_an_address(
    services: dict[str, dict[str, Any]],
) -> None:
    database, worker = services["database"]["environment"], services["crawl"]["environment"]
    assert worker["MEKIKI_DATABASE"] == "postgresql+psycopg://mekiki@database/mekiki"
    assert "POSTGRES_USER" not in database  # the image makes that one a superuser
    assert database["POSTGRES_PASSWORD_FILE"] == "/proc/sys/kernel/random/uuid"
    script = OPS / "container/database.sh"
    assert os.access(script, os.X_OK)
    assert re.findall(r"^CREATE ROLE .*$", script.read_text("utf-8"), re.MULTILINE) == [
        "CREATE ROLE mekiki LOGIN PASSWORD :'password';"
    ]
    assert "./database.sh:/docker-entrypoint-initdb.d/mekiki.sh:ro" in services["database"]["volumes"]


def test_no_secret_comes_along_and_none_is_to_be_typed_on_a_command_line() -> None:
    assert re.findall(r"^\w+=(.*)$", (OPS / "container/env.example").read_text("utf-8"), re.MULTILINE) == [""]
    for file in (path for path in OPS.rglob("*") if path.is_file() and path.name != "requirements.lock"):
        text = file.read_text("utf-8")
        assert "--from-literal" not in text, file
        assert not re.search(r"://[^/\s@]+:[^/\s@]+@", text), file


def test_pods_may_do_nothing_that_they_need_not() -> None:
    assert pods().keys() == {"crawl", "visit", "tell", "backup", "board"}
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False), name
        kind = "Unconfined" if name == "visit" else "RuntimeDefault"
        assert pod["securityContext"]["seccompProfile"] == {"type": kind}
        for one in (*pod.get("initContainers", ()), *pod["containers"]):
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in one["resources"]["limits"]


@pytest.mark.parametrize("probe", PROBES)
def test_the_second_fence_stands_where_the_first_one_does(probe: str) -> None:
    address = ip_address(probe)
    assert any(_within(address, block) for block in _blocks("workers")) is is_public(address)


def test_a_backup_reaches_the_database_and_names_alone() -> None:
    ports = [port["port"] for rule in _policy("backup")["egress"] for port in rule["ports"]]
    assert sorted(ports) == [53, 53, 5432]
    assert _policy("backup")["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "backup"
    (expression,) = _policy("workers")["podSelector"]["matchExpressions"]
    assert (expression["operator"], expression["values"]) == ("NotIn", ["backup"])


def _policy(name: str) -> dict[str, Any]:
    (found,) = (one for one in manifests() if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == name)
    spec: dict[str, Any] = found["spec"]
    return spec


def _blocks(name: str) -> Iterator[dict[str, Any]]:
    """Yield the networks that a policy opens to any port."""
    for rule in _policy(name)["egress"]:
        if "ports" not in rule:
            yield from (to["ipBlock"] for to in rule["to"])


def _within(address: Any, block: dict[str, Any]) -> bool:
    return address in ip_network(block["cidr"]) and not any(address in ip_network(one) for one in block["except"])
