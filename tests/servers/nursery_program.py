"""A program for tests of the nursery: does what its arguments say."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_kept: list[bytearray] = []


def main(arguments: Sequence[str]) -> None:
    """Do one thing, then another: `write TEXT`, `complain TEXT`, `bytes HEX`, `fill MIB`, `grandchild FILE`, `wait`,
    `ignore-term`, `read`, `about`, `exit CODE`, `kill SIGNAL`.
    """
    steps = iter(arguments)
    for step in steps:
        match step:
            case "write":
                print(next(steps))  # noqa: T201
            case "complain":
                print(next(steps), file=sys.stderr)  # noqa: T201
            case "fill":
                _kept.append(bytearray(os.urandom(1 << 20) * int(next(steps))))
            case "grandchild":
                child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
                Path(next(steps)).write_text(str(child.pid), "utf-8")
            case "wait":
                print("waiting", flush=True)  # noqa: T201
                time.sleep(600)
            case "ignore-term":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            case "read":
                print(f"read {sys.stdin.read()!r}")  # noqa: T201
            case "about":
                print(os.getpid(), os.getppid(), os.getsid(0), len(list(Path("/proc/self/fd").iterdir())))  # noqa: T201
            case "bytes":
                os.write(1, bytes.fromhex(next(steps)))
            case "exit":
                sys.exit(int(next(steps)))
            case "kill":
                os.kill(os.getpid(), int(next(steps)))
