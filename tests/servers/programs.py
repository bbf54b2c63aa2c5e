"""Programs: run a command of the program from a test and wait for it, in a process of its own that starts at once.

The process is forked from one that has imported everything (`tests.servers.fork_server`). Tests of how a process
starts or is killed, or of how much memory it takes, start a real one by `subprocess`.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).resolve().parents[2]


def python(
    *arguments: str,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 300,
) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m MODULE …` or `python -c CODE …`, in our own folder and environment where no other is given.

    Raises:
        subprocess.TimeoutExpired: it took longer than `timeout` seconds, and was killed.
    """
    request = {"arguments": arguments, "folder": str(cwd or Path.cwd()), "environment": dict(env or os.environ)}
    with TemporaryFile() as asked, TemporaryFile() as given, TemporaryFile() as output, TemporaryFile() as errors:
        for file, data in ((asked, json.dumps(request).encode()), (given, stdin)):
            file.write(data)
            file.seek(0)
        heard, told = socket.socketpair()
        with heard, told:
            passed = [asked.fileno(), given.fileno(), output.fileno(), errors.fileno(), told.fileno()]
            socket.send_fds(_server(), [b"\0"], passed)
            told.close()
            heard.settimeout(timeout)
            with heard.makefile("rb") as lines:
                pid = int(lines.readline())
                try:
                    code = int(lines.readline())
                except TimeoutError:
                    os.kill(pid, 9)
                    raise subprocess.TimeoutExpired(arguments, timeout) from None
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, code, output.read(), errors.read())


def mekiki(
    *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a command of the program, as `mekiki ARGUMENTS` does, with an empty standard input."""
    done = python("-m", "cli", *map(str, arguments), cwd=cwd, env=env, timeout=timeout)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair()
    for end_of_pair in (ours, theirs):
        end_of_pair.settimeout(None)  # a library sets one for all sockets of a process, shorter than a slow start
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.fork_server", str(theirs.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        process.wait()

    ours.settimeout(None)  # some library sets one for all sockets; a busy machine takes longer to import
    if not ours.recv(1):
        end()
        raise RuntimeError("the program cannot be imported: see the messages of tests.servers.fork_server")
    atexit.register(end)
    return ours
