"""Filing in processes of their own, for tests that kill them: `python -m tests.takedown.filing_child`.

For each line on standard input (number of a notice, port of a relay, folder of a stage) one process is forked, so that
the imports are paid once, which files it; its id is printed, and then "ended".
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from storage.errors import StorageError
from takedown.errors import TakedownError
from takedown.filing import file_notice
from tests.takedown.desk import desk_of
from tests.takedown.stage import enter


def main() -> None:
    for line in sys.stdin:
        number, port, folder = line.rstrip("\n").split(" ", 2)
        if not (child := os.fork()):
            with suppress(TakedownError, StorageError):
                file_notice(desk_of(enter(Path(folder), 1, 2), int(port)), number, who="keiko")
            os._exit(0)
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)
        print("ended", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
