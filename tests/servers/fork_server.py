"""Fork server: a Python that has imported the program, and forks itself for each command of a test.

Starting `python -m cli` costs two seconds, nearly all of them imports that are the same each time. Here they are paid
once for each process of pytest; a command then costs what it does.

1. Import the program, and what a crawl imports while it runs. No thread, event loop or database is open at a fork.
2. Take a request: a file with arguments, folder and environment, and the descriptors that become 0, 1 and 2.
3. Fork. The child leaves the loop and is `python -c …` or `python -m …` from here on, until its own exit.
4. Tell the child's number, and how it ended.
5. When the test's process is gone, kill what still runs, and end.

Started by `tests.servers.programs` only.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any

PROGRAM = ("cli", "tests.servers.crawl_driver")
# What a crawl loads by name or when it is first needed.
WHILE_RUNNING = (
    "aiohttp.web",
    "protego",
    "scrapy.core.downloader",
    "scrapy.core.downloader.handlers.http11",
    "scrapy.downloadermiddlewares.defaultheaders",
    "scrapy.downloadermiddlewares.downloadtimeout",
    "scrapy.downloadermiddlewares.httpauth",
    "scrapy.downloadermiddlewares.httpcache",
    "scrapy.downloadermiddlewares.httpproxy",
    "scrapy.downloadermiddlewares.offsite",
    "scrapy.downloadermiddlewares.redirect",
    "scrapy.dupefilters",
    "scrapy.extensions.closespider",
    "scrapy.extensions.feedexport",
    "scrapy.extensions.logstats",
    "scrapy.extensions.memusage",
    "scrapy.extensions.remote_control",
    "scrapy.extensions.throttle",
    "scrapy.pqueues",
    "scrapy.robotstxt",
    "scrapy.spidermiddlewares.referer",
    "scrapy.squeues",
    "scrapy.statscollectors",
    "spiders.downloader",
    "spiders.handler",
    "spiders.keep",
    "spiders.pictures",
    "twisted.conch.telnet",
    "twisted.web.client",
)


class Server:
    """Children, and whom to tell when they end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, socket.socket] = {}
        self._ended, woken = socket.socketpair()
        for one in (self._ended, woken):
            one.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._woken = woken

    def serve(self) -> dict[str, Any] | None:
        """Fork for each request; return it in the child, and None once the test's process is gone."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._control, selectors.EVENT_READ)
            waiting.register(self._ended, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    if key.fileobj is self._ended:
                        self._ended.recv(4096)
                        self._bury()
                        continue
                    _, descriptors, _, _ = socket.recv_fds(self._control, 1, 5)
                    if not descriptors:
                        for pid in self._running:
                            os.kill(pid, signal.SIGKILL)
                        return None
                    request = self._fork(descriptors)
                    if request is not None:
                        return request

    def _fork(self, descriptors: list[int]) -> dict[str, Any] | None:
        file, *standard, told = descriptors
        pid = os.fork()
        if pid:
            for descriptor in (file, *standard):
                os.close(descriptor)
            self._running[pid] = socket.socket(fileno=told)
            self._running[pid].sendall(f"{pid}\n".encode())
            return None
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in (self._control, self._ended, self._woken, *self._running.values()):
            one.close()
        os.close(told)
        for target, descriptor in enumerate(standard):
            os.dup2(descriptor, target)
            os.close(descriptor)
        with os.fdopen(file, "rb") as source:
            request: dict[str, Any] = json.load(source)
        return request

    def _bury(self) -> None:
        for pid in list(self._running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with self._running.pop(pid) as told:
                    told.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def become(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Run what `python ARGUMENTS` would run in this folder and environment."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    option, what, *rest = arguments
    sys.argv = [option, *rest]
    if option == "-m":
        sys.modules.pop(what, None)
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        assert option == "-c", f"neither -c nor -m: {arguments}"
        scope = {"__name__": "__main__"}
        exec(compile(what, "<string>", "exec"), scope)


def exit_code(request: dict[str, Any]) -> int:
    """Run a request to its end, threads and exit functions included."""
    code: object = None
    try:
        become(**request)
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001 - edge of the process
        traceback.print_exc()
        code = 1
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
        code = 1
    # As multiprocessing ends its children: Python's own end takes a thousand modules apart, for a second.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


def main() -> None:
    gc.disable()
    for module in (*PROGRAM, *WHILE_RUNNING):
        importlib.import_module(module)
    for verb in importlib.import_module("cli").VERBS:
        verb.load()
    assert threading.active_count() == 1
    assert "twisted.internet.reactor" not in sys.modules
    gc.freeze()
    gc.enable()
    control = socket.socket(fileno=int(sys.argv[1]))
    control.sendall(b"\0")
    request = Server(control).serve()
    if request is not None:
        os._exit(exit_code(request))


if __name__ == "__main__":
    main()
