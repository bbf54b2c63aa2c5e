"""Where `mekiki watch` and `mekiki worker` answer: several of them share one configuration on one machine."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from console.app import App
from console.work import hands_of
from storage.database import open_engine, upgrade
from tests.servers.postgres import database, needs_postgres
from watch.observability.endpoint import EndpointUnavailable

CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[storage]
database = "{database}"
[watch]
listen = "{listen}"
[[source]]
key = "shop"
kind = "web"
urls = ["https://shop.test/"]
every = "1h"
"""


@pytest.fixture
def taken() -> Iterator[list[str]]:
    """Three addresses at which others listen: whichever is tried is refused by its name, and nothing runs on."""
    with ExitStack() as others:
        ports = [others.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(3)]
        yield [f"127.0.0.1:{port}" for port in ports]


def configured(folder: Path, database: str, listen: str) -> Path:
    engine = open_engine(database)
    upgrade(engine)
    engine.dispose()
    (folder / "mekiki.toml").write_text(CONFIG.format(database=database, listen=listen), "utf-8")
    return folder / "mekiki.toml"


def start(command: str, config: Path, *options: str, **environment: str) -> Result:
    return CliRunner().invoke(main, [command, "--config", str(config), *options], env=environment)


def refused(result: Result, address: str) -> None:
    assert result.exit_code == 2, result.output
    assert f"nothing can listen at {address}: " in result.output
    assert "--listen, MEKIKI_LISTEN or [watch] listen" in result.output


def test_the_address_of_the_configuration_counts_where_no_other_is_named(tmp_path: Path, taken: list[str]) -> None:
    app = App(configured(tmp_path, f"sqlite:///{tmp_path / 'mekiki.db'}", taken[0]))

    async def opened() -> None:
        async with hands_of(app):
            pass

    with pytest.raises(EndpointUnavailable, match=f"at {taken[0]}: "):
        asyncio.run(opened())
    app.close()


def test_the_option_counts_more_than_the_variable_and_both_more_than_the_configuration(
    tmp_path: Path, taken: list[str]
) -> None:
    shared, variable, option = taken
    config = configured(tmp_path, f"sqlite:///{tmp_path / 'mekiki.db'}", shared)
    refused(start("watch", config, MEKIKI_LISTEN=variable), variable)
    refused(start("watch", config, "--listen", option, MEKIKI_LISTEN=variable), option)


@pytest.mark.postgres
@needs_postgres
def test_a_worker_and_a_watch_beside_it_may_have_an_address_of_their_own(tmp_path: Path, taken: list[str]) -> None:
    shared, variable, option = taken
    with database() as url:
        config = configured(tmp_path, url, shared)
        refused(start("worker", config, "--queues", "deliver", MEKIKI_LISTEN=variable), variable)
        refused(start("watch", config, "--listen", option), option)


@pytest.mark.parametrize("address", ["9464", "127.0.0.1:", ":9464", "127.0.0.1:65536", "localhost:http"])
def test_what_is_no_address_is_refused_before_anything_starts(address: str) -> None:
    for command in ("watch", "worker"):
        result = CliRunner().invoke(main, [command, "--listen", address])
        assert result.exit_code == 2
        assert "'--listen'" in result.output
        assert 'expected "ADDRESS:PORT", e.g. "127.0.0.1:9464"' in result.output
