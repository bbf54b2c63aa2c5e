"""The walls around what reads hostile bytes, and around what has secrets; each tried without the other."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from safety.sandbox import Sandbox

HERE = "tests.safety.sandbox_targets"
ROOT = Path(__file__).resolve().parents[2]
# Root may trace everything unless it is stripped of that, as it is in a container.
ORDINARY = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
SECRET = "kanarie-5e1d-geheim"
LANDLOCK = """
import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < 6)
"""
WITHOUT_LANDLOCK = """
import os, subprocess, sys
from safety.confinement import seclude
if sys.argv[1] == "secluded":
    seclude()
peek = "import sys; from tests.safety.sandbox_targets import environment_of as of; print(of(sys.argv[1].encode()))"
print(len(os.listdir("/proc/self/fd")) > 2, len(os.listdir("/proc/self/task")))
subprocess.run([sys.executable, "-c", peek, str(os.getpid())], env={"PYTHONPATH": os.environ["PYTHONPATH"]}, check=True)
"""
COMMAND = """
import cli, ctypes, sys
try:
    cli.main(["config", "show", "--config", sys.argv[1]], standalone_mode=False)
except Exception as error:
    print(type(error).__name__, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
NURSERY = """
import asyncio
from datetime import timedelta
from tests.safety.sandbox_targets import environment_of
from watch.children.nursery import Nursery

async def go():
    lines = asyncio.Queue()
    async with Nursery(memory=512, longest=timedelta(minutes=1), module="tests.servers.nursery_program", late=()) as it:
        job = asyncio.create_task(it.run(["about", "wait"], lines.put_nowait))
        child, parent = (await lines.get()).split()[:2]
        print(environment_of(child.encode()), environment_of(parent.encode()))
        job.cancel()

asyncio.run(go())
"""


def has_landlock() -> bool:
    return not subprocess.run([sys.executable, "-c", LANDLOCK], check=False).returncode


def ran(program: str, *arguments: str) -> str:
    """Run a program of ours without root's right to look into everything, with a secret in its environment."""
    if ORDINARY and shutil.which(ORDINARY[0]) is None:
        pytest.skip("setpriv is not here")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MEKIKI_TEST_SECRET": SECRET}
    command = [*ORDINARY, sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def test_a_process_with_secrets_is_closed_to_what_it_starts() -> None:
    assert SECRET in ran(WITHOUT_LANDLOCK, "open")
    assert ran(WITHOUT_LANDLOCK, "secluded") == "True 1\nclosed\n"  # it still sees what is its own


def test_every_command_is_closed(tmp_path: Path) -> None:
    assert ran(COMMAND, f"{tmp_path}/absent.toml") == "Misused 0\n"


def test_the_nursery_and_its_children_are_closed() -> None:
    assert ran(NURSERY) == "closed closed\n"


def test_sandboxed_code_reads_no_environment_of_its_parent() -> None:
    with Sandbox() as sandbox:
        assert sandbox.call(f"{HERE}:environment_of", str(os.getpid()).encode()) == "closed"


def test_sandboxed_code_has_no_rights_of_roots() -> None:
    with Sandbox() as sandbox:
        rights = sandbox.call(f"{HERE}:rights", b"")
    assert int(rights["CapPrm"], 16) & ~4 == 0
    assert rights["NoNewPrivs"] == "1"


@pytest.mark.skipif(not has_landlock(), reason="this kernel has no Landlock of version 6")
def test_sandboxed_code_reaches_no_file_socket_or_process(tmp_path: Path) -> None:
    file = tmp_path / "evidence"
    file.write_bytes(b"it")
    with Sandbox() as sandbox:
        assert sandbox.call(f"{HERE}:reach", str(file).encode()) == []
        other = subprocess.Popen(["/bin/sleep", "60"], env={"IT": SECRET})  # secludes nothing
        try:
            assert sandbox.call(f"{HERE}:environment_of", str(other.pid).encode()) == "closed"
        finally:
            other.send_signal(signal.SIGKILL)
            other.wait()
    assert file.read_bytes() == b"it"
