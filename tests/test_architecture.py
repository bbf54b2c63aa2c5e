"""Who may import whom: docs/architecture.md, as a test."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What each package may import of ours, besides itself.
ALLOWED = {
    "safety": set[str](),
    "detector": set[str](),
    "config": {"detector", "safety"},
    "storage": {"config", "detector", "safety"},
    "spiders": {"config", "detector", "safety", "storage"},
    "alerts": {"config", "detector", "safety", "storage"},
    "takedown": {"config", "detector", "safety", "storage", "spiders", "alerts"},
    "watch": {"config", "safety", "storage", "spiders", "alerts", "takedown", "detector"},
    "demo": {"config", "safety", "storage", "spiders", "alerts", "detector"},
    "desk": {"config", "safety", "storage", "spiders", "alerts", "takedown", "detector", "watch"},
    "board": {"config", "safety", "storage", "alerts", "takedown", "detector", "desk"},
    "console": {
        "config",
        "safety",
        "storage",
        "spiders",
        "alerts",
        "takedown",
        "detector",
        "watch",
        "demo",
        "desk",
        "board",
    },
    "cli": {"console"},
}
FILES = [*sorted(path for name in ALLOWED for path in (ROOT / name).rglob("*.py")), ROOT / "cli.py"]


def imported(tree: ast.AST) -> set[str]:
    """Return the top-level names that a file imports, at any depth."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_calls_upward(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0].removesuffix(".py")
    ours = imported(ast.parse(path.read_text("utf-8"))) & set(ALLOWED)
    assert ours - {package} <= ALLOWED[package]


@pytest.mark.parametrize(
    "path", [file for file in FILES if file.is_relative_to(ROOT / "detector")], ids=lambda path: path.stem
)
def test_the_detector_reads_no_clock_socket_or_log(path: Path) -> None:
    names = imported(ast.parse(path.read_text("utf-8")))
    assert not names & {"logging", "time", "socket", "os", "subprocess", "random", "sqlalchemy", "scrapy", "aiohttp"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pickle(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert not imported(tree) & {"pickle", "shelve", "marshal", "dill"}
    # What pickles behind one's back. `mekiki score` alone talks so, to children that are its own and read no files of
    # others: pictures go to the sandbox, whose answers are msgpack.
    named = {name for node in ast.walk(tree) for name in _names(node)}
    behind = named & {"multiprocessing", "ProcessPoolExecutor", "joblib", "cloudpickle", "allow_pickle"}
    expected = {
        "console/score.py": {"multiprocessing", "ProcessPoolExecutor"},
        "detector/images/strangers.py": {"allow_pickle"},  # False
    }
    assert behind <= expected.get(str(path.relative_to(ROOT)), set())
    assert not any(
        isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False"
        for node in ast.walk(tree)
    )


def _names(node: ast.AST) -> set[str]:
    """Return what a piece of a program names: modules and things that it imports, attributes, keywords."""
    match node:
        case ast.Import(names=names):
            return {part for alias in names for part in alias.name.split(".")}
        case ast.ImportFrom(module=module, names=names):
            return {*(module or "").split("."), *(alias.name for alias in names)}
        case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            return {name}
    return set()
