"""Functions that the sandbox tests run in the child; each one misbehaves in its own way."""

import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.handoffs import find_handoffs

if TYPE_CHECKING:
    from collections.abc import Callable


def length(data: bytes) -> int:
    return len(data)


def echo(data: bytes, **options: Any) -> dict[str, Any]:
    return {"data": data, "options": options}


def process(data: bytes) -> int:
    return os.getpid()


def environment(data: bytes) -> dict[str, str]:
    return dict(os.environ)


def environment_of(process: bytes) -> str:
    try:
        return Path(f"/proc/{int(process)}/environ").read_text("utf-8", errors="replace")
    except PermissionError:
        return "closed"


def rights(data: bytes) -> dict[str, str]:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def reach(data: bytes) -> list[str]:
    """Try to leave: remove a file, empty it, make another, connect, signal the parent; return what was allowed."""
    file = Path(data.decode())
    tries: dict[str, Callable[[], object]] = {
        "empty": lambda: os.truncate(file, 0),
        "remove": file.unlink,
        "make": file.with_name("made").touch,
        "connect": lambda: socket.create_connection(("127.0.0.1", 9), 1),
        "signal": lambda: os.kill(os.getppid(), 0),
    }
    allowed = []
    for name, go in tries.items():
        try:
            go()
        except PermissionError:
            continue
        except OSError as error:
            allowed.append(f"{name}: {error}")
        else:
            allowed.append(name)
    return allowed


def wait(data: bytes, seconds: float = 60) -> int:
    time.sleep(seconds)
    return os.getpid()


def tell_and_wait(data: bytes) -> None:
    """Say through a named pipe that the call is running, then never come back."""
    with open(data, "wb") as pipe:  # noqa: PTH123 - the name is bytes
        pipe.write(str(os.getpid()).encode())
    time.sleep(60)


def spin(data: bytes) -> None:
    while True:
        pass


def refuse(data: bytes) -> None:
    raise ValueError(f"not a picture: {data.decode()}")


def buggy(data: bytes) -> None:
    raise KeyError("nothing there")


def bomb(data: bytes) -> int:
    return len(b"x" * (8 << 30))


def leave(data: bytes) -> None:
    os._exit(7)


def crash(data: bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def unsendable(data: bytes) -> object:
    return {"text": "\ud800"}


def chatty(data: bytes) -> str:
    os.write(1, b"native library says hello")
    print("so do I")  # noqa: T201
    return "fine"


def write_file(data: bytes) -> str:
    from pathlib import Path

    path = Path(data.decode())
    try:
        path.write_bytes(b"x")
    except OSError as error:
        return type(error).__name__
    return "written"


def count_handoffs(data: bytes) -> int:
    return len(find_handoffs([data.decode()]))
