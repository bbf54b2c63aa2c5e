"""Session: the commands of a page of the documents, typed one after another as a reader would, against what it shows.

Blocks marked `console` hold commands behind `$ ` and what they print; `…` stands for anything, white space is one
space, and a last line `[4]` is an exit code.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from cli import main

OF_ITS_OWN = ("crawl", "visit")  # their event loop starts once in a process


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command, and what it is to print."""

    line: int
    command: str
    shown: str

    def fits(self, printed: str) -> bool:
        """Tell whether what was printed is what the page shows."""
        parts = (re.escape(_one_space(part)) for part in self.shown.split("…"))
        return re.fullmatch(r"\s*.*\s*".join(parts), _one_space(printed), re.DOTALL) is not None


def steps(page: Path) -> Iterator[Step]:
    """Yield the commands of a page in their order."""
    lines = page.read_text("utf-8").splitlines()
    inside, step = False, None
    for number, line in enumerate([*lines, "```"], 1):
        if line.startswith("```"):
            if step is not None:
                yield step
            inside, step = line == "```console", None
        elif inside and line.startswith("$ "):
            if step is not None:
                yield step
            step = Step(line=number, command=line[2:], shown="")
        elif inside and step is not None:
            step = Step(line=step.line, command=step.command, shown=f"{step.shown}\n{line}")


def typed(command: str, folder: Path, variables: Mapping[str, str]) -> str:
    """Run a command in a folder; return what it printed, with its exit code where that is not 0."""
    environment = {**os.environ, **variables, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    words = shlex.split(command)
    simple = words[0] == "mekiki" and words[1] not in OF_ITS_OWN and not re.search(r"[|<>;&`]|\$\(", command)
    if simple:
        values = [re.sub(r"\$(\w+)", lambda found: environment.get(found[1], found[0]), word) for word in words[1:]]
        before = Path.cwd()
        os.chdir(folder)
        try:
            done = CliRunner(env=dict(variables)).invoke(main, values)
        finally:
            os.chdir(before)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        printed, code = done.output, done.exit_code
    else:
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )
        printed, code = ran.stdout.decode("utf-8", "replace"), ran.returncode
    return f"{printed}\n[{code}]" if code else printed


def _one_space(text: str) -> str:
    return " ".join(text.split())
