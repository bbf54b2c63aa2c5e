"""Claims of several processes on one database."""

import subprocess
import sys
from pathlib import Path

from watch.claims import Claims

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
