"""The sandbox: a hostile input costs one call, never the program."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from safety.sandbox import Refused, Sandbox, SandboxCrash, SandboxError, SandboxTimeout

HERE = "tests.safety.sandbox_targets"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=2, cpu_seconds=5, wall_seconds=20) as sandbox:
        yield sandbox


def test_result_and_options_come_back_unchanged(sandbox: Sandbox) -> None:
    answer = sandbox.call(f"{HERE}:echo", b"\x00\xff", name="星野電機", limits=[1, 2.5, None], nested={"a": True})
    assert answer == {
        "data": b"\x00\xff",
        "options": {"name": "星野電機", "limits": [1, 2.5, None], "nested": {"a": True}},
    }


def test_big_payload_goes_both_ways(sandbox: Sandbox) -> None:
    payload = os.urandom(1 << 20) * 20
    assert sandbox.call(f"{HERE}:echo", payload)["data"] == payload


def test_child_is_reused_and_the_work_is_elsewhere(sandbox: Sandbox) -> None:
    first = sandbox.call(f"{HERE}:process", b"")
    assert first == sandbox.call(f"{HERE}:process", b"")
    assert first != os.getpid()


def test_value_error_keeps_its_message_and_the_child(sandbox: Sandbox) -> None:
    child = sandbox.call(f"{HERE}:process", b"")
    with pytest.raises(Refused, match=r"^not a picture: GIF89a$"):
        sandbox.call(f"{HERE}:refuse", b"GIF89a")
    assert sandbox.call(f"{HERE}:process", b"") == child


def test_other_errors_are_a_crash_that_names_target_and_error(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxCrash, match="buggy failed: KeyError: 'nothing there'"):
        sandbox.call(f"{HERE}:buggy", b"")


@pytest.mark.parametrize("target", [f"{HERE}:absent", "tests.no_such_module:f", "nonsense"])
def test_unknown_target(sandbox: Sandbox, target: str) -> None:
    with pytest.raises(SandboxError, match="cannot be loaded"):
        sandbox.call(target, b"")
    assert sandbox.call(f"{HERE}:length", b"abc") == 3


def test_wall_clock_kills_and_the_next_call_works() -> None:
    with Sandbox(workers=1, wall_seconds=0.3) as sandbox:
        with pytest.raises(SandboxTimeout, match="wall"):
            sandbox.call(f"{HERE}:wait", b"")
        assert sandbox.call(f"{HERE}:length", b"abc") == 3


def test_cpu_limit_kills_and_the_next_call_works() -> None:
    with Sandbox(workers=1, cpu_seconds=0.1, wall_seconds=60) as sandbox:
        with pytest.raises(SandboxTimeout, match="CPU"):
            sandbox.call(f"{HERE}:spin", b"")
        assert sandbox.call(f"{HERE}:length", b"abc") == 3


def test_cpu_limit_counts_each_call_alone() -> None:
    with Sandbox(workers=1, cpu_seconds=1, wall_seconds=60) as sandbox:
        children = {sandbox.call("tests.safety.test_sandbox:busy", b"", seconds=0.4) for _ in range(7)}
    assert len(children) == 1, "2.8 s in all, yet no call came near its own limit"


def busy(_: bytes, seconds: float) -> int:
    """Use CPU time; runs in the child."""
    import time

    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return os.getpid()


def test_memory_bomb(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxCrash, match="memory"):
        sandbox.call(f"{HERE}:bomb", b"")
    assert sandbox.call(f"{HERE}:length", b"abc") == 3


@pytest.mark.parametrize(("target", "says"), [("leave", "exit code 7"), ("crash", "SIGKILL")])
def test_death_costs_this_call_only(sandbox: Sandbox, target: str, says: str) -> None:
    with pytest.raises(SandboxCrash, match=says):
        sandbox.call(f"{HERE}:{target}", b"")
    assert sandbox.call(f"{HERE}:length", b"abc") == 3


def test_death_between_calls_is_noticed() -> None:
    with Sandbox(workers=1) as sandbox:
        child = sandbox.call(f"{HERE}:process", b"")
        os.kill(child, signal.SIGKILL)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert sandbox.call(f"{HERE}:process", b"") != child


def test_result_that_cannot_be_sent(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxCrash, match="cannot be sent"):
        sandbox.call(f"{HERE}:unsendable", b"")
    assert sandbox.call(f"{HERE}:length", b"abc") == 3


def test_prints_of_the_child_do_not_break_the_pipe(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    assert sandbox.call(f"{HERE}:chatty", b"") == "fine"
    assert capfd.readouterr() == ("", "")


def test_child_writes_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "dropped"
    assert sandbox.call(f"{HERE}:write_file", str(path).encode()) in ("OSError", "PermissionError")
    assert not path.exists() or path.stat().st_size == 0  # with and without Landlock


def test_secrets_of_the_parent_are_not_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEKIKI_SLACK_URL", "https://hooks.example/canary")
    with Sandbox(workers=1) as sandbox:
        environment = sandbox.call(f"{HERE}:environment", b"")
    assert "PYTHONPATH" in environment
    assert "MEKIKI_SLACK_URL" not in environment
    assert "canary" not in str(environment)
    assert "HOME" not in environment


def test_child_is_replaced_after_so_many_calls() -> None:
    with Sandbox(workers=1, recycle_after=2) as sandbox:
        children = [sandbox.call(f"{HERE}:process", b"") for _ in range(5)]
    assert children[0] == children[1] != children[2] == children[3] != children[4]


def test_threads_share_the_children(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda n: sandbox.call(f"{HERE}:length", b"x" * n), range(64)))
        children = set(pool.map(lambda _: sandbox.call(f"{HERE}:process", b""), range(32)))
    assert sizes == list(range(64))
    assert len(children) <= 2


def test_two_calls_run_at_the_same_time(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(sandbox.call, f"{HERE}:wait", b"", seconds=0.5) for _ in range(2)]
    assert both[0].result() != both[1].result(), "one child cannot have served both"


def test_close_ends_running_calls_and_refuses_new_ones(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    sandbox = Sandbox(workers=1, wall_seconds=60)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(sandbox.call, f"{HERE}:tell_and_wait", str(pipe).encode())
        child = pipe.read_text()
        sandbox.close()
        with pytest.raises(SandboxCrash, match="SIGKILL"):
            running.result()
    assert not Path(f"/proc/{child}").exists()
    with pytest.raises(SandboxError, match="closed"):
        sandbox.call(f"{HERE}:length", b"")
    sandbox.close()


PARENT = """
import sys
from safety.sandbox import Sandbox
with Sandbox(workers=1, wall_seconds=60) as sandbox:
    sandbox.call("tests.safety.sandbox_targets:tell_and_wait", sys.argv[1].encode())
"""


def test_child_ends_when_the_parent_is_killed(tmp_path: Path) -> None:
    """The child is in the middle of a call, so it cannot notice by reading."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen([sys.executable, "-c", PARENT, str(pipe)]) as parent:
        child = os.pidfd_open(int(pipe.read_text()))
        parent.kill()
    assert select.select([child], [], [], 20)[0], "the child is still there"
    os.close(child)
