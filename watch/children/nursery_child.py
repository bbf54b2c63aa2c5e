"""The process of `watch.children.nursery`: has imported everything, and forks a child for each command line.

1. Import the module whose `main` children run, and others that it needs later; say that all is ready.
2. Read an order from standard input: start a child, or stop one (`watch.children.newborn`).
3. Pass on what children write; look once a second at the memory of each one's processes, and at the clock.
4. A child that takes too much is ended with all it has started. What became of each child is told.
5. At the end of standard input, which is the end of who gave the orders, every child is killed.

One thread, no reactor, no network loaded, no connection: nothing that a fork would tear. Started by `Nursery` only:
`python -m watch.children.nursery_child MODULE OTHER…`.
"""

import gc
import importlib
import os
import selectors
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from safety.confinement import seclude
from watch.children.newborn import fork_child
from watch.children.orders import End, Line, News, Order, Overrun, Ready, Start, Unborn
from watch.children.processes import adopt_orphans, kill, kill_all, memory, processes, started_by, threads

LINE = 1 << 16  # bytes after which a line that has no end is passed on
EVERY = 1.0  # seconds between two looks at memory and clock


@dataclass(slots=True, kw_only=True)
class _Child:
    order: Start
    pid: int
    output: int  # descriptor that its outputs are read from; -1: closed
    stop_at: float  # monotonic: when it is asked to end
    kill_at: float = float("inf")  # monotonic: when it is killed, once it was asked
    overrun: Overrun | None = None
    rest: bytes = b""  # of a line
    known: dict[int, int] = field(default_factory=dict)  # its processes when looked at last, and their starts
    peak: int = 0  # bytes, of all looks


class _Nurse:
    """The loop."""

    def __init__(self, orders: int, news: int) -> None:
        self._orders, self._news = orders, news
        self._unread = b""
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._selector.register(orders, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)

    def serve(self) -> Start | None:
        """Work until there are no more orders, and return None; in a child that was forked, what it is to run."""
        self._tell(Ready())
        look_at = time.monotonic()
        while True:
            wait = max(0.0, look_at - time.monotonic()) if self._children else None
            for key, _ in self._selector.select(wait):
                if key.fd == self._wake:
                    os.read(self._wake, 4096)
                elif key.fd != self._orders:
                    self._pass_on(self._children[key.data])
                elif (orders := self._read()) is None:
                    self._end_all()
                    return None
                else:
                    for order in orders:
                        if not isinstance(order, Start):
                            self._stop(order.child)
                        elif self._fork(order):
                            return order
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + EVERY
                self._look()
            self._reap()

    def _tell(self, news: News) -> None:
        data = memoryview(msgspec.json.encode(news) + b"\n")
        while data:
            data = data[os.write(self._news, data) :]

    def _read(self) -> list[Order] | None:
        """Return the orders that have come; None when there will be no more."""
        data = os.read(self._orders, LINE)
        if not data:
            return None
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [msgspec.json.decode(line, type=Order) for line in lines]

    def _fork(self, order: Start) -> bool:
        """Fork; tell whether this is the child."""
        ours = (self._wake, self._woken, self._orders, self._news, *(child.output for child in self._children.values()))
        try:
            pid, output = fork_child([descriptor for descriptor in ours if descriptor >= 0])
        except OSError as error:  # no memory or no process left: may be over by the next try
            self._tell(Unborn(child=order.child, why=str(error.strerror)))
            return False
        if pid == 0:
            self._selector.close()
            return True
        self._selector.register(output, selectors.EVENT_READ, order.child)
        stop_at = time.monotonic() + order.longest
        self._children[order.child] = _Child(order=order, pid=pid, output=output, stop_at=stop_at)
        return False

    def _pass_on(self, child: _Child) -> bool:
        """Tell the lines that a child has written; tell whether there may be more."""
        try:
            data = os.read(child.output, LINE)
        except BlockingIOError:
            return False
        *lines, rest = (child.rest + data).split(b"\n")
        if rest and (len(rest) >= LINE or not data):
            lines, rest = [*lines, rest], b""
        child.rest = rest
        for line in lines:
            self._tell(Line(child=child.order.child, text=line.decode(errors="backslashreplace")))
        if not data:
            self._close(child)
        return bool(data)

    def _close(self, child: _Child) -> None:
        self._selector.unregister(child.output)
        os.close(child.output)
        child.output = -1

    def _stop(self, number: int, overrun: Overrun | None = None) -> None:
        """Ask a child to end, once."""
        child = self._children.get(number)
        if child is None or child.kill_at < float("inf"):
            return
        child.overrun = overrun
        child.kill_at = time.monotonic() + child.order.grace
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)

    def _look(self) -> None:
        """End children that take more than they may."""
        there = processes() if self._children else []
        for number, child in self._children.items():
            family = started_by(child.pid, there)
            child.known = {process.pid: process.start for process in family}
            taken = memory(child.pid, family)
            child.peak = max(child.peak, taken)
            if taken > child.order.memory:
                child.overrun = child.overrun or "memory"
                kill_all(child.pid, child.known)  # it could fill the machine while it ends gracefully
            elif time.monotonic() >= child.kill_at:
                kill_all(child.pid, child.known)
            elif time.monotonic() >= child.stop_at:
                self._stop(number, "time")

    def _reap(self) -> None:
        """Tell of children that have ended, and end what they left behind."""
        numbers = {child.pid: number for number, child in self._children.items()}
        with suppress(ChildProcessError):  # there are none
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                _, status, usage = os.wait4(ended.si_pid, 0)
                if ended.si_pid in numbers:
                    self._bury(self._children.pop(numbers[ended.si_pid]), status, usage.ru_maxrss << 10)

    def _bury(self, child: _Child, status: int, most: int) -> None:
        kill_all(child.pid, child.known)
        others = {pid for one in self._children.values() for pid in (one.pid, *one.known)}
        kill(one.pid for one in processes() if one.parent == os.getpid() and one.pid not in others)  # orphans
        while child.output >= 0 and self._pass_on(child):
            pass
        if child.output >= 0:  # something is left that holds it
            self._close(child)
        code = os.waitstatus_to_exitcode(status)
        peak = child.peak or most  # it was gone before the first look
        self._tell(End(child=child.order.child, code=code, overrun=child.overrun, peak=peak))

    def _end_all(self) -> None:
        """Kill every child: who wanted them to do something is gone, or wants it no more."""
        for child in self._children.values():
            kill_all(child.pid, child.known)
        with suppress(ChildProcessError):  # there are no more
            while True:
                os.wait()
                kill(one.pid for one in processes() if one.parent == os.getpid())


def main(module: str, *others: str) -> None:
    """Serve; in a child, run the module's `main` as a process of its own would."""
    seclude()  # and so are those who are forked
    adopt_orphans()
    news = os.dup(1)
    os.dup2(2, 1)  # what is printed here by mistake is no news
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for who gives the orders, who ends this by ending them
        signal.signal(number, signal.SIG_IGN)
    run = importlib.import_module(module).main
    for other in others:
        importlib.import_module(other)
    if "twisted.internet.reactor" in sys.modules or threads() > 1:
        raise RuntimeError(f"{module} starts a reactor or threads when it is imported, and cannot be forked")
    gc.collect()
    gc.freeze()  # what is there stays; collections in children leave its memory shared
    order = _Nurse(0, news).serve()
    if order is not None:
        sys.argv = [module, *order.arguments]
        os.environ.update(order.environment)
        run(list(order.arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
