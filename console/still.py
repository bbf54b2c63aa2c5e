"""Still: whether a watch or a worker uses a database; while it is copied none may.

What they write after the copy would stay behind in the old database, and nobody would be told.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from desk.counted import counted
from storage.database import snapshot
from storage.errors import CopyRefused
from watch.claims import alone
from watch.many.queue_figures import workers_connected

_THEN = "stop it, copy, name the new database in [storage] database, start it again"


@contextmanager
def still(engine: Engine) -> Iterator[Callable[[], None]]:
    """Let nobody watch a database, and give what makes sure once more that none does; crawls by hand are not seen.

    A watch on SQLite cannot start meanwhile. On PostgreSQL nothing keeps workers from connecting: look again at the
    end.

    Raises:
        CopyRefused: a watch or a worker uses the database, idle or not. What is given raises it, too.
    """
    if engine.dialect.name == "sqlite":
        with alone(Path(engine.url.database or "")) as there:
            if not there:
                raise CopyRefused(f"a `mekiki watch` uses the database: {_THEN}")
            yield lambda: None
        return

    def check() -> None:
        with snapshot(engine) as session:
            if workers := workers_connected(session):
                them = _THEN if workers == 1 else _THEN.replace(" it", " them")
                use = "uses" if workers == 1 else "use"
                raise CopyRefused(f"{counted(workers, 'worker')} {use} the database: {them}")

    check()
    yield check
