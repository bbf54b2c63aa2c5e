"""Real browsers before a real board: `mekiki serve` over a filled installation, headless Chromium by Playwright.

Installations are made once for all processes of a test run; each process serves copies of them. A browser lives as
long as a module, because its event loop would stand in the way of other tests in the thread. Every test that opens a
page fails where the page wrote an error, threw, was stopped by the content security policy, lacked a file, opened a
dialog of the browser, or asked for anything elsewhere.
"""

import fcntl
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from spiders.visits import chromium
from tests.board.browser.made import ARGUMENTS
from tests.board.browser.site import Site, Somebody
from tests.servers.board import serving
from tests.servers.programs import python


@pytest.fixture(scope="session")
def needs_chromium() -> None:
    if chromium.absent() is not None:
        pytest.skip(str(chromium.absent()))


@pytest.fixture(scope="session")
def installation(needs_chromium: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make an installation of a kind, or find the one that another process of this test run has made."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if (base.name.startswith("popen-")) else base

    def made(kind: str) -> Path:
        folder = shared / f"board-{kind}"
        with (shared / f"board-{kind}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made.json").exists():
                rmtree(folder, ignore_errors=True)  # of a try that failed
                folder.mkdir()
                done = python("-m", "tests.board.browser.made", kind, str(folder))
                assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return folder

    return made


@pytest.fixture(scope="session")
def served(
    installation: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Site]]:
    """Serve a copy of an installation of a kind, one for each kind and process."""
    sites: dict[str, Site] = {}
    with ExitStack() as running:

        def serve(kind: str) -> Site:
            if kind not in sites:
                folder = tmp_path_factory.mktemp(f"served-{kind}") / "mekiki"
                copytree(installation(kind), folder)
                with socket.socket() as free:
                    free.bind(("127.0.0.1", 0))
                    port: int = free.getsockname()[1]
                board = running.enter_context(serving(folder, port))
                made = json.loads((folder / "made.json").read_text("utf-8"))
                sites[kind] = Site(folder=folder, url=board.url, made=made)
                running.callback(sites[kind].engine.dispose)
            return sites[kind]

        yield serve


@pytest.fixture
def site(served: Callable[[str], Site]) -> Site:
    """The showcase; tests that write take cases of their own from `Site.flag`."""
    return served("showcase")


@pytest.fixture(scope="module")
def browser(needs_chromium: None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=60_000)
        running = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def somebody(browser: Browser, site: Site) -> Iterator[Callable[..., Somebody]]:
    """Open a browser of its own for a person; what its pages did wrong fails the test at its end."""
    people: list[Somebody] = []

    def opened(role: str | None = "analyst", *, at: Site | None = None, **options: Any) -> Somebody:
        one = Somebody.enter(browser, at or site, role, **options)
        people.append(one)
        return one

    yield opened
    for one in people:
        one.context.close()
    problems = [problem for one in people for problem in one.problems]
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(somebody: Callable[..., Somebody]) -> Page:
    """A page of an analyst."""
    return somebody().page
