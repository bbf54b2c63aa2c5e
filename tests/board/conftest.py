"""A board over the three open cases of `tests.console.conftest`, and people who are signed in to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

import config as configuration
from board import signing
from board.app import make_app
from board.board import Board
from config.board import Role
from desk.likeness import Likenesses
from storage.accounts import add_account
from storage.database import snapshot, transaction
from storage.schema import BoardSessionRow
from takedown.catalogue import load_catalogue
from tests.console.conftest import NOW, Store, filled, store

__all__ = ["filled", "store"]

ORIGIN = "http://127.0.0.1:8480"
PASSWORD = "correct horse battery staple"
LOGINS: dict[Role, str] = {"viewer": "midori", "analyst": "aoki", "approver": "suzuki", "admin": "kimura"}
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # the real one costs 50 ms each time


@dataclass(slots=True, kw_only=True)
class Clock:
    """A time that tests move."""

    now: datetime = NOW + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True, kw_only=True)
class Somebody:
    """A browser of one person, who sends what the board's own pages send."""

    client: TestClient
    token: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"Origin": ORIGIN})

    @property
    def cookies(self) -> dict[str, str]:
        """What its browser keeps."""
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}

    def get(self, path: str, **headers: str) -> Response:
        """Open a page."""
        return self.client.get(path, headers=headers)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Response:
        """Send a form with the session's token."""
        return self.client.post(path, data={"token": self.token, **(data or {})}, headers=self.headers, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """The board of a store, with an account of each role."""
    monkeypatch.setattr(signing, "HASHER", QUICK)
    monkeypatch.setattr(signing, "_SOMETHING", QUICK.hash("anything"))
    config = configuration.load(store.config)
    with transaction(store.engine) as session:
        for role, login in LOGINS.items():
            add_account(session, login, role, QUICK.hash(PASSWORD), now=NOW)
    with Likenesses(config.brand, store.media) as likenesses:
        yield Board(
            config=config,
            engine=store.engine,
            media=store.media,
            catalogue=load_catalogue(config.takedown.channels),
            likenesses=likenesses,
            now=clock,
        )


@pytest.fixture
def somebody(board: Board) -> Iterator[Callable[[Role | None], Somebody]]:
    """Make a browser; of a role: signed in by the real form."""
    app = make_app(board)
    clients: list[TestClient] = []

    def make(role: Role | None = None, address: str = "127.0.0.1") -> Somebody:
        client = TestClient(app, base_url=board.origin, follow_redirects=False, client=(address, 50000))
        clients.append(client)
        one = Somebody(client=client, headers={"Origin": board.origin})
        if role is not None:
            answer = one.post("/sign-in", {"login": LOGINS[role], "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            with snapshot(board.engine) as session:
                mine = select(BoardSessionRow.token).where(BoardSessionRow.login == LOGINS[role])
                one.token = session.scalars(mine).all()[-1]
        return one

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def configured(store: Store) -> Callable[[str], None]:
    """Add tables to the configuration; before `board` is asked for."""

    def add(toml: str) -> None:
        file = Path(store.config)
        file.write_text(file.read_text("utf-8") + toml, "utf-8")

    return add
