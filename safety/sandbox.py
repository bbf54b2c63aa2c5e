"""Sandbox: run a pure function on hostile bytes in a child process that may be killed.

A parser can hang, eat all memory or crash in native code. Here that costs one call:

1. `call` takes an idle child or starts one (`safety.sandbox_child`: clean environment, memory limit).
2. Target, options and bytes go through a pipe as one msgpack frame; nothing that can carry code back.
3. The child loads the target, says so, and runs it under a CPU limit; the parent watches the wall clock.
4. A child that overruns, dies or talks nonsense is killed and forgotten; the next call gets another.

    SandboxError
    ├── SandboxTimeout   too much CPU or wall time: the input is hostile or far too large
    ├── SandboxCrash     the child died, ran out of memory, or the function has a bug
    └── Refused          the function raised ValueError; its message is kept
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from safety.confinement import seclude
from safety.sandbox_child import LENGTH

_LOAD_SECONDS = 60.0  # to start Python and import a target on a busy machine; no hostile byte has a say in it
_MAX_ANSWER = 256 * 2**20  # a child that was taken over must not fill the parent's memory
_CHUNK = 1 << 20
_ROOT = Path(__file__).resolve().parent.parent  # the folder that holds our packages


class SandboxError(Exception):
    """A call gave no result."""


class SandboxTimeout(SandboxError):
    """The function used too much CPU or wall time and was killed."""


class SandboxCrash(SandboxError):
    """The child died, ran out of memory, or the function raised something unexpected."""


class Refused(SandboxError):
    """The function raised ValueError: it will not take this input. The message is the function's own."""


class Sandbox:
    """A few killable children, shared by all threads of a program.

    Children start when first needed, are reused, and are replaced after `recycle_after` calls. Use it as a
    context manager, or call `close`. Coroutines call it through `asyncio.to_thread`.
    """

    def __init__(
        self,
        workers: int = 2,
        cpu_seconds: float = 3,
        wall_seconds: float = 5,
        memory_bytes: int = 1 << 30,
        recycle_after: int = 500,
    ) -> None:
        """Set the limits; no process is started yet.

        Args:
            workers: how many calls run at the same time; others wait.
            cpu_seconds: of one call. The kernel counts whole seconds, so a call may get up to one more.
            wall_seconds: of one call, counted from the moment the target is loaded.
            memory_bytes: address space of a child, Python and libraries included.
            recycle_after: calls until a child is replaced, against slow leaks.
        """
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds
        self._memory_bytes = memory_bytes
        self._recycle_after = recycle_after
        self._slots = threading.Semaphore(workers)
        self._lock = threading.Lock()
        self._idle: deque[_Child] = deque()
        self._children: set[_Child] = set()
        self._closed = False

    def call(self, target: str, argument: bytes, **options: Any) -> Any:
        """Run `target` ("package.module:function") as `function(argument, **options)`; return its result.

        Options and result are builtins that msgpack can carry: None, bool, int, float, str, bytes, list,
        dict.

        Raises:
            Refused: the function raised ValueError.
            SandboxTimeout: it took too long.
            SandboxCrash: it died, ran out of memory or raised anything else.
            SandboxError: the target cannot be loaded, or the sandbox is closed.
        """
        request = {
            "target": target,
            "argument": argument,
            "options": options,
            "cpu_seconds": self._cpu_seconds,
        }
        frame = msgspec.msgpack.encode(request)
        with self._slots:
            child = self._take()
            try:
                kind, value = child.ask(frame, self._wall_seconds)
            except BaseException:  # an interrupt, too, leaves the pipe in the middle of a frame
                self._drop(child)
                raise
            if kind == "memory" or child.calls >= self._recycle_after:
                self._drop(child)
            else:
                self._give_back(child)
        match kind:
            case "value":
                return value
            case "refused":
                raise Refused(value)
            case "memory":
                raise SandboxCrash(f"{target} ran out of memory")
            case "failed":
                raise SandboxCrash(f"{target} failed: {value}")
        raise SandboxError(str(value))

    def close(self) -> None:
        """Kill all children; calls that are running fail. Calling it again does nothing."""
        with self._lock:
            self._closed = True
            idle, busy = list(self._idle), self._children.difference(self._idle)
            self._idle.clear()
            self._children.clear()
        for child in busy:
            child.kill()  # the thread that waits for it cleans up
        for child in idle:
            child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> "_Child":
        with self._lock:
            if self._closed:
                raise SandboxError("the sandbox is closed")
            while self._idle:
                child = self._idle.pop()
                if child.alive():
                    return child
                self._children.discard(child)
                child.end()
            child = _Child(self._memory_bytes)
            self._children.add(child)
            return child

    def _give_back(self, child: "_Child") -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(child)
                return
        child.end()

    def _drop(self, child: "_Child") -> None:
        with self._lock:
            self._children.discard(child)
        child.end()


class _Child:
    """One child process and the pipe to it; used by one thread at a time, but any thread may kill it."""

    def __init__(self, memory_bytes: int) -> None:
        self.calls = 0
        seclude()  # the child's environment is bare; ours must not be read from there, either
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-s", "-m", "safety.sandbox_child", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # native libraries print hostile text there
            bufsize=0,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._write, self._read = self._stdin.fileno(), self._stdout.fileno()
        os.set_blocking(self._write, False)
        os.set_blocking(self._read, False)

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, frame: bytes, wall_seconds: float) -> tuple[str, Any]:
        """Send a request and return (kind, value) of the final answer."""
        self.calls += 1
        deadline = time.monotonic() + _LOAD_SECONDS
        self._send(LENGTH.pack(len(frame)), deadline)
        self._send(frame, deadline)
        kind, value = self._receive(deadline)
        if kind == "started":
            kind, value = self._receive(time.monotonic() + wall_seconds)
        return kind, value

    def kill(self) -> None:
        """Kill the process and all it started; any thread may call it at any time."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill the process, wait for it and close the pipe."""
        self.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()

    def _send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            self._await(self._write, select.POLLOUT, deadline)
            try:
                view = view[os.write(self._write, view[:_CHUNK]) :]
            except BrokenPipeError:
                raise self._obituary() from None
            except BlockingIOError:  # room for less than an atomic write
                continue

    def _receive(self, deadline: float) -> tuple[str, Any]:
        (length,) = LENGTH.unpack(self._receive_exactly(LENGTH.size, deadline))
        if length > _MAX_ANSWER:
            raise SandboxCrash(f"the answer has {length} bytes, more than {_MAX_ANSWER}")
        try:
            return msgspec.msgpack.decode(self._receive_exactly(length, deadline), type=tuple[str, Any])
        except msgspec.DecodeError as error:
            raise SandboxCrash(f"the answer is unreadable: {error}") from error

    def _receive_exactly(self, count: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < count:
            self._await(self._read, select.POLLIN, deadline)
            part = os.read(self._read, min(count - len(data), _CHUNK))
            if not part:
                raise self._obituary()
            data += part
        return bytes(data)

    def _await(self, descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise SandboxTimeout("took more than the allowed wall time")

    def _obituary(self) -> SandboxError:
        """Say how the child died."""
        code = self._process.wait()
        if code == -signal.SIGXCPU:
            return SandboxTimeout("took more than the allowed CPU time")
        if code < 0:
            return SandboxCrash(f"the child was ended by {signal.Signals(-code).name}")
        return SandboxCrash(f"the child ended with exit code {code}")


def _environment() -> dict[str, str]:
    """Return the child's whole environment: nothing of the parent's, so no secret."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",  # it may not write files at all
        "PYTHONUTF8": "1",
        "OPENBLAS_NUM_THREADS": "1",  # each thread of a numeric library reserves address space
        "OMP_NUM_THREADS": "1",
    }
