"""What the browser knows of the process that starts it: nothing that is secret."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from spiders.visits import chromium
from watch.children.processes import processes, started_by

pytestmark = pytest.mark.skipif(chromium.absent() is not None, reason="there is no browser")
SECRET = "kanarie-5e1d-geheim"


def test_no_process_of_the_browser_has_a_secret_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEKIKI_DATABASE", f"postgresql+psycopg://mekiki:{SECRET}@db.example/mekiki")
    chromium.bare_driver()
    options = chromium.settings(None, timeout=5)["PLAYWRIGHT_LAUNCH_OPTIONS"]
    found = asyncio.run(environments(options))
    assert any("run-driver" in name for name in found)
    assert any("chrom" in name for name in found)
    assert [name for name, words in found.items() if SECRET in words] == []


async def environments(options: dict[str, object]) -> dict[str, str]:
    """Return what each process that a browser consists of has in its environment, by number and command."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)  # type: ignore[arg-type]
        page = await browser.new_page()
        assert await page.evaluate("1 + 1") == 2
        found = {}
        for process in started_by(os.getpid(), processes()):
            with suppress(OSError):
                place = Path(f"/proc/{process.pid}")
                command = (place / "cmdline").read_bytes().decode(errors="replace")
                if process.pid != os.getpid():
                    words = (place / "environ").read_bytes().decode(errors="replace")
                    found[f"{process.pid} {command[:200]}"] = words
        await browser.close()
        return found
