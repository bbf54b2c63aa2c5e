"""Make an installation for the tests with a browser, in a process of its own: `python -m tests.board.browser.made`.

    python -m tests.board.browser.made showcase FOLDER
    python -m tests.board.browser.made hostile FOLDER

A process, because the browser that draws its pictures keeps an event loop running in the thread that drives it. What
was made is written to FOLDER/made.json.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from argon2 import PasswordHasher
from playwright.sync_api import sync_playwright

from config.board import Role
from spiders.visits import chromium
from storage.accounts import add_account
from storage.database import open_engine, transaction
from tests.board.browser import hostile, showcase
from tests.board.browser.builder import utc_now
from tests.board.browser.drawn import Draw

PASSWORD = "correct horse battery staple"
LOGINS = {"viewer": "midori", "analyst": "aoki", "approver": "suzuki", "admin": "kimura"}  # by role
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # the real one costs 50 ms each time
# Nothing of a page reaches anything but the board: other names are unknown.
ARGUMENTS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--disable-dev-shm-usage")


@contextmanager
def drawing() -> Iterator[Draw]:
    """Give what draws HTML."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
        page = browser.new_page()

        def draw(html: str, width: int, height: int) -> bytes:
            page.set_viewport_size({"width": width, "height": height})
            page.set_content(html)
            return page.screenshot()

        yield draw
        browser.close()


def main(kind: str, folder: Path) -> None:
    """Make one."""
    made: showcase.Showcase | hostile.Hostile
    if kind == "hostile":
        made = hostile.fill(folder, utc_now())
    else:
        with drawing() as draw:
            made = showcase.fill(folder, draw, utc_now())
    engine = open_engine(f"sqlite:///{folder}/mekiki.db")
    with transaction(engine) as session:
        for role in get_args(Role):
            add_account(session, LOGINS[role], role, QUICK.hash(PASSWORD), now=made.now)
    engine.dispose()
    (folder / "made.json").write_text(json.dumps(asdict(made), default=str), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
