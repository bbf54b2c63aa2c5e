"""Claims of several processes on one database."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.errors import StorageUnavailable
from watch.claims import Claims, alone

OTHER = """
import sys
from pathlib import Path
from watch.claims import Claims

claims = Claims(Path(sys.argv[1]))
for line in sys.stdin:
    print(claims.take(line), flush=True)
"""


def test_a_job_is_done_by_one_process_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    database = tmp_path / "mekiki.db"
    with (
        Claims(database) as claims,
        subprocess.Popen(
            [sys.executable, "-c", OTHER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other,
    ):
        orders, answers = other.stdin, other.stdout
        assert orders is not None
        assert answers is not None

        def other_takes(job: str) -> bool:
            print(job, file=orders, flush=True)
            return answers.readline() == "True\n"

        assert claims.take("a\n")
        assert claims.take("a\n")
        assert not other_takes("a")
        assert other_takes("b")
        assert not claims.take("b\n")
        claims.release("a\n")
        assert other_takes("a")
        other.kill()
        other.wait()
        assert claims.take("a\n")
        assert claims.take("b\n")
    assert (tmp_path / "mekiki.db.jobs").stat().st_mode & 0o777 == 0o600


HOLDS = """
import sys
from pathlib import Path
from watch.claims import Claims, alone

with {} as there:
    print(there is not False, flush=True)
    sys.stdin.read()
"""


def test_who_has_the_database_alone_keeps_watches_off_and_none_is_alone_beside_an_idle_one(tmp_path: Path) -> None:
    database = tmp_path / "mekiki.db"
    with holding("Claims(Path(sys.argv[1]))", database):
        with Claims(database):  # several watches share the work
            pass
        with alone(database) as there:
            assert not there
    with holding("alone(Path(sys.argv[1]))", database):
        with pytest.raises(StorageUnavailable, match="is being copied"):
            Claims(database)
        with alone(database) as there:
            assert not there
    with alone(database) as there:
        assert there
    with Claims(database):
        pass


@contextmanager
def holding(what: str, database: Path) -> Iterator[None]:
    """Let another process hold a lock, and do nothing."""
    command = [sys.executable, "-c", HOLDS.format(what), str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        yield
        other.communicate()
