"""The child of `safety.sandbox`: runs one function after another on hostile bytes, within hard limits.

1. Cap memory, file size and core dumps; shut off what else runs here (`safety.confinement`); move the pipe to the
   parent away from standard output.
2. Read a request, import its target and say so: importing is not the hostile part and has its own clock.
3. Move the soft CPU limit forward, call the function, answer.
4. End when the parent closes the pipe or dies, even in the middle of a task.

Frames are a length (4 bytes, big endian) and a msgpack value. Started by `Sandbox` only.
"""

import importlib
import math
import os
import resource
import select
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from safety.confinement import confine

LENGTH = struct.Struct(">I")


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the parent closes the pipe; return early when memory ran out once."""
    while len(header := requests.read(LENGTH.size)) == LENGTH.size:
        request = msgspec.msgpack.decode(requests.read(LENGTH.unpack(header)[0]))
        try:
            function = _load(request["target"])
        except (ImportError, AttributeError, ValueError) as error:
            _answer(answers, ["unknown", f"{request['target']} cannot be loaded: {error}"])
            continue
        _answer(answers, ["started", None])
        _allow_cpu(request["cpu_seconds"])
        answer = _run(function, request["argument"], request["options"])
        _answer(answers, answer)
        if answer[0] == "memory":
            return


def _load(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _run(function: Callable[..., Any], argument: bytes, options: dict[str, Any]) -> list[Any]:
    try:
        value = function(argument, **options)
    except ValueError as error:
        return ["refused", str(error)]
    except MemoryError:
        return ["memory", None]
    except Exception as error:  # noqa: BLE001 - edge of the process: a parser's bug must cost this call only
        return ["failed", f"{type(error).__name__}: {error}"]
    return ["value", value]


def _answer(answers: BinaryIO, answer: list[Any]) -> None:
    try:
        frame = msgspec.msgpack.encode(answer)
    except MemoryError:
        frame = msgspec.msgpack.encode(["memory", None])
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        text = ascii(f"the result cannot be sent: {type(error).__name__}: {error}")
        frame = msgspec.msgpack.encode(["failed", text])
    answers.write(LENGTH.pack(len(frame)))
    answers.write(frame)
    answers.flush()


def _allow_cpu(seconds: float) -> None:
    """Let this process use so many more seconds of CPU; the kernel kills it at the next full second."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(usage.ru_utime + usage.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _end_with_parent(descriptor: int) -> None:
    """Wait until nobody holds the writing end of the pipe any more, then end the process."""
    watch = select.poll()
    watch.register(descriptor, 0)  # no event asked for: wakes up for a hang-up only
    watch.poll()
    os._exit(1)


def main() -> None:
    """Set the limits and serve the pipe on standard input and output."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    confine()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the frames
    threading.Thread(target=_end_with_parent, args=(0,), daemon=True).start()
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
