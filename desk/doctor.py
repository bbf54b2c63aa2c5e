"""Doctor: is this installation whole, and is what the configuration names there? One line a check, no request."""

import importlib
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from config import Config
from safety.egress import EgressRule
from safety.sandbox import Sandbox, SandboxError
from safety.secret import SecretError
from spiders.eye import absent
from spiders.visits import chromium
from storage.database import open_engine, revision
from storage.errors import StorageError
from storage.profiles import build_profiles

# Other distributions ship packages of these names, and pip lets the last one win without a word.
OURS = (
    "cli",
    "config",
    "safety",
    "detector",
    "storage",
    "spiders",
    "alerts",
    "takedown",
    "watch",
    "desk",
    "board",
    "console",
    "demo",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str


def installation() -> Iterator[Check]:
    """Check what needs no configuration."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(name="python", ok=sys.version_info >= (3, 11), detail=version)
    foreign = list(foreign_files())
    detail = "all packages are ours" if not foreign else "not ours: " + ", ".join(foreign)
    yield Check(name="packages", ok=not foreign, detail=detail)
    try:
        with Sandbox(workers=1) as sandbox:
            sandbox.call("spiders.pages.publisher:parse_page", b"<p>x</p>", url="http://self-test.example/")
        yield Check(name="sandbox", ok=True, detail="hostile input is parsed in a child of its own")
    except SandboxError as error:
        yield Check(name="sandbox", ok=False, detail=str(error))
    missing = absent()
    words = "is missing: words and codes in pictures are not read; install mekiki[words]"
    yield Check(name="words", ok=True, detail=f"{missing} {words}" if missing else "words in pictures can be read")
    refused = not any(EgressRule().permits(address) for address in ("127.0.0.1", "10.0.0.1", "::1", "169.254.169.254"))
    yield Check(name="egress", ok=refused, detail="private addresses are refused")


def configured(config: Config) -> Iterator[Check]:
    """Check what the configuration names."""
    for problem in config.missing_secrets():
        yield Check(name="secret", ok=False, detail=f"{problem.path}: {problem.message}")
    yield _database(config.storage.database)
    with Sandbox(workers=1) as sandbox:
        problems = build_profiles(config, sandbox).problems
    for problem in problems:
        yield Check(name="picture", ok=False, detail=f"{problem.path}: {problem.message}")
    if not problems:
        yield Check(name="pictures", ok=True, detail="every logo and picture can be read")
    missing = chromium.absent(config.crawler.browser)
    found = f"links can be followed with {chromium.find(config.crawler.browser)}"
    yield Check(name="browser", ok=True, detail=f"links are followed without one: {missing}" if missing else found)
    for allowed in config.egress.allow:
        yield Check(name="egress", ok=True, detail=f"{allowed} may be reached although it is not public")


def _database(url: str) -> Check:
    path = url.removeprefix("sqlite:///")
    if path != url and not Path(path).exists():
        return Check(name="database", ok=True, detail="not there yet; the first command that stores something makes it")
    try:
        state = revision(open_engine(url))
    except (StorageError, SecretError) as error:
        return Check(name="database", ok=False, detail=str(error))
    if state.current is None:
        return Check(name="database", ok=True, detail="empty; the first command that stores something prepares it")
    current = state.current == state.head
    return Check(
        name="database", ok=current, detail=f"at revision {state.current}" if current else "needs `mekiki db upgrade`"
    )


def foreign_files() -> Iterator[str]:
    """Yield the names of top-level packages that are not the ones this program was installed with."""
    root = Path(__file__).resolve().parent.parent
    recorded = _recorded()
    for name in OURS:
        file = Path(importlib.import_module(name).__file__ or "").resolve()
        if not file.is_relative_to(root):
            yield f"{name} ({file})"
        elif (expected := recorded.get(file)) and expected != _digest(file):
            yield f"{name} ({file}, overwritten)"


def _recorded() -> dict[Path, str]:
    """Return the digests that the installer wrote down; empty for an editable installation."""
    try:
        files = distribution("mekiki").files or []
    except PackageNotFoundError:
        return {}
    return {Path(str(file.locate())).resolve(): file.hash.value for file in files if file.hash}


def _digest(file: Path) -> str:
    return urlsafe_b64encode(sha256(file.read_bytes()).digest()).rstrip(b"=").decode()
