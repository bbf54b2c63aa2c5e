"""The nursery: children are real processes, are bounded, and never outlive who wanted them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cli import VERBS
from tests.servers.waiting import until
from watch.children.nursery import LATE, Ended, Nursery, NurseryError
from watch.children.processes import Process, processes

PROGRAM = "tests.servers.nursery_program"
T = TypeVar("T")


class Room:
    """One nursery on one loop, for several tests: its start takes longer than what they do."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.nursery = nursery()

    def do(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def run(self, *arguments: str) -> Ended:
        return self.do(self.nursery.run(arguments, lambda _: None))

    @property
    def pid(self) -> int:
        """Number of the nursery's process."""
        assert self.nursery._process is not None
        return self.nursery._process.pid


def nursery(**bounds: Any) -> Nursery:
    known = {"memory": 1024, "longest": timedelta(hours=1), "grace": timedelta(seconds=20)}
    return Nursery(module=PROGRAM, late=(), **{**known, **bounds})


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    opened = Room()
    yield opened
    opened.do(opened.nursery.close())
    opened.runner.close()


def gone(pid: int) -> bool:
    return Process.read(pid) is None


def children(pid: int) -> list[Process]:
    return [process for process in processes() if process.parent == pid]


def test_the_verbs_that_children_are_started_with_are_imported_before_the_fork() -> None:
    verbs = {verb.name: verb.load() for verb in VERBS}
    assert {verbs[name].callback.__module__ for name in ("crawl", "db")} <= set(LATE)


def test_a_child_is_a_process_of_its_own_and_its_lines_and_exit_code_come_back(room: Room) -> None:
    said: list[str] = []
    ended = room.do(room.nursery.run(["write", "星野電機", "complain", "oh", "read", "exit", "4"], said.append))
    assert said == ["星野電機", "oh", "read ''"]
    assert ended.code == 4
    assert ended.lines == tuple(said)
    assert ended.peak > 0
    pid, parent, session, descriptors = map(int, room.run("about").lines[0].split())
    assert (parent, session) == (room.pid, pid)
    assert descriptors == 4  # its three, and the folder that was being listed
    assert room.run("about").lines[0] != f"{pid} {parent} {session} {descriptors}"


def test_many_children_run_side_by_side(room: Room) -> None:
    async def all_at_once() -> list[Ended]:
        runs = [room.nursery.run(["write", str(number)], lambda _: None) for number in range(20)]
        return await asyncio.gather(*runs)

    assert [ended.lines for ended in room.do(all_at_once())] == [(str(number),) for number in range(20)]


def test_a_line_without_an_end_and_bytes_that_are_no_text_come_in_pieces(room: Room) -> None:
    said: list[str] = []
    room.do(room.nursery.run(["write", "x" * 100_000, "bytes", "ff0a", "write", "end"], said.append))
    with pytest.raises(NurseryError, match="no text"):
        room.run("\udcff")
    assert "".join(said[:-2]) == "x" * 100_000
    assert max(map(len, said)) <= 2 * (1 << 16)
    assert said[-2:] == [r"\xff", "end"]


def test_a_child_that_is_killed_or_fails_says_so_and_harms_no_other(room: Room) -> None:
    async def both() -> tuple[Ended, Ended]:
        well = asyncio.create_task(room.nursery.run(["write", "a", "write", "b"], lambda _: None))
        return await room.nursery.run(["kill", "9"], lambda _: None), await well

    killed, well = room.do(both())
    assert killed.code == -9
    assert (well.code, well.lines) == (0, ("a", "b"))
    assert room.run("exit", "2").code == 2


def test_a_child_that_takes_too_much_memory_is_killed_with_all_it_started(room: Room, tmp_path: Path) -> None:
    room.nursery.memory = 150
    try:
        ended = room.run("grandchild", str(tmp_path / "pid"), "fill", "200", "wait")
    finally:
        room.nursery.memory = 1024
    assert (ended.code, ended.overrun) == (-9, "memory")
    assert ended.peak > 150 << 20
    assert until(lambda: gone(int((tmp_path / "pid").read_text())))


def test_a_child_that_runs_too_long_is_asked_to_end_and_then_killed(room: Room) -> None:
    room.nursery.longest, room.nursery.grace = timedelta(0), timedelta(seconds=1)
    try:
        ended = room.run("wait")
        stubborn = room.run("ignore-term", "wait")
    finally:
        room.nursery.longest, room.nursery.grace = timedelta(hours=1), timedelta(seconds=20)
    assert (ended.code, ended.overrun) == (-signal.SIGTERM, "time")
    assert (stubborn.code, stubborn.overrun) == (-signal.SIGKILL, "time")


def test_what_a_child_leaves_behind_ends_with_it(room: Room, tmp_path: Path) -> None:
    """Whoever holds its outputs keeps nobody waiting, either."""
    room.run("grandchild", str(tmp_path / "pid"), "write", "done")
    assert until(lambda: gone(int((tmp_path / "pid").read_text())))


def test_a_run_that_is_cancelled_has_its_child_end_first(room: Room) -> None:
    async def cancel() -> None:
        heard = asyncio.Event()
        task = asyncio.create_task(room.nursery.run(["wait"], lambda _: heard.set()))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    room.do(cancel())
    assert children(room.pid) == []


def test_when_the_nursery_is_killed_its_children_die_and_the_next_run_has_a_new_one(room: Room) -> None:
    async def kill() -> tuple[int, list[Process]]:
        heard = asyncio.Event()
        task = asyncio.create_task(room.nursery.run(["wait"], lambda _: heard.set()))
        await heard.wait()
        pid, there = room.pid, children(room.pid)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(NurseryError, match="signal 9"):
            await task
        return pid, there

    pid, there = room.do(kill())
    assert len(there) == 1
    assert until(lambda: gone(there[0].pid))
    assert room.run("write", "again").lines == ("again",)
    assert room.pid != pid


PARENT = """
import asyncio, sys
from datetime import timedelta
from watch.children.nursery import Nursery

async def main():
    async with Nursery(module="tests.servers.nursery_program", late=(), memory=1024, longest=timedelta(hours=1)) as all:
        await all.run(["grandchild", sys.argv[1], "ignore-term", "wait"], lambda line: print(line, flush=True))

asyncio.run(main())
"""


def test_when_its_parent_is_killed_everything_ends(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "pid")], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "waiting\n"
        [nurse] = children(parent.pid)
        [child] = children(nurse.pid)
        grandchild = int((tmp_path / "pid").read_text())
        parent.kill()
    assert until(lambda: all(map(gone, (nurse.pid, child.pid, grandchild))))


def test_a_program_that_cannot_be_imported_or_forked_is_told_of_in_one_line(tmp_path: Path) -> None:
    async def start(module: str) -> None:
        async with Nursery(module=module, late=(), memory=1024, longest=timedelta(hours=1)) as one:
            await one.run([], lambda _: None)

    with pytest.raises(NurseryError, match=r"exit code 1: ModuleNotFoundError: No module named 'nothing_of_this_name'"):
        asyncio.run(start("nothing_of_this_name"))
    with pytest.raises(NurseryError, match="starts a reactor or threads when it is imported"):
        asyncio.run(start("tests.servers.threaded_program"))
