"""Bundles for tests: made of a stage, unpacked, checked as their readers check them, and lied about."""

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from alerts.message import Language
from storage.database import snapshot, transaction
from takedown.bundle import verify
from takedown.bundle.write import Written, keep_record, note_bundle, write_bundle
from takedown.story import tell_story
from tests.takedown.stage import AUTHORITY, NOW, Stage

LATER = NOW + timedelta(days=1)
SCRIPT = Path(verify.__file__)


def make(
    stage: Stage, path: Path, *, language: Language = "ja", now: datetime = LATER, case: int | None = None
) -> Written:
    """Write a bundle, and note in the chain of custody that it was."""
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, case or stage.case, now=now)
        written = write_bundle(story, session, stage.media, stage.config, language, path, now=now)
    with transaction(stage.engine) as session:
        manifest = keep_record(stage.media, written, now)
        note_bundle(session, written, manifest, who="keiko", authority=AUTHORITY, now=now)
    return written


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a bundle; return the folder."""
    with ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


def check(*arguments: object) -> tuple[int, str]:
    """Check a bundle in this process; return exit code and all that was said."""
    data = io.BytesIO()
    out = io.TextIOWrapper(data, "utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = verify.main([str(one) for one in (*arguments, "--language", "en")])
    out.flush()
    return code, data.getvalue().decode()


def check_bare(*arguments: object, script: Path = SCRIPT, folder: Path) -> tuple[int, str]:
    """Check a bundle with an interpreter that has the standard library and nothing else, from some folder."""
    command = [sys.executable, "-I", "-S", str(script), *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True)
    return done.returncode, (done.stdout + done.stderr).decode()


def reseal(folder: Path) -> None:
    """Write the lists anew, as somebody would who wants a change to go unnoticed."""
    detail = json.loads((folder / "manifest.json").read_bytes())
    for one in detail["files"]:
        data = (folder / one["path"]).read_bytes()
        one["sha256"], one["bytes"] = sha256(data).hexdigest(), len(data)
    (folder / "manifest.json").write_text(json.dumps(detail))
    lines = [line.split("  ")[1] for line in (folder / "MANIFEST.sha256").read_text().splitlines()]
    listed = "".join(f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in lines)
    (folder / "MANIFEST.sha256").write_text(listed)


def rewrite(path: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the records of a file."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(json.dumps(row, sort_keys=True, separators=(",", ":")) + "\n" for row in rows))
