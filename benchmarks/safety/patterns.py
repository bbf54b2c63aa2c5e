"""Every regular expression of the program on hostile text: how long does the slowest text take?

1. Import all modules and collect compiled patterns from their globals, and pattern texts from calls such as
`re.sub("…"` in their source; 2. write texts of 200,000 characters against each: its own characters and pieces repeated,
each of its repeats pumped up and then made to fail, and what makes other programs slow; 3. search each to its end.
"""

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from re import _constants as kinds  # type: ignore[attr-defined]  # private, and the only way to take a pattern apart
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import spiders
from safety.sandbox import Sandbox, SandboxError

ENOUGH = 1.0  # seconds; more is not waited for
LENGTH = 200_000  # characters: what is kept of a page's text
PACKAGES = ("spiders", "detector", "alerts", "config", "console", "storage", "watch", "desk", "board", "safety", "demo")
ROOT = Path(spiders.__file__).resolve().parent.parent
TARGET = "benchmarks.safety.patterns:slowest"
CALLS = frozenset(("compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"))
# Patterns that never meet a long text: the most characters that their callers give them.
MEETS = {
    "config/fields.py": 2_000,  # an address in one's own configuration
    "detector.handoffs._NO_PHONE": 24,
    "detector.handoffs.": 20_000,  # `LONGEST`
    "detector.seller._ABROAD": 160,
    "detector.signals.name._OF_A_SITE": 2_000,  # a title
    "detector.wording._ADDRESS": 600,
    "spiders.pages.offers._BEFORE_UNIT": 24,
    "spiders.pages.offers._PERCENT_BEFORE": 24,
    "spiders.pages.sellers._LOCAL": 64,
}
SEARCHING = CALLS - {"compile", "match", "fullmatch"}
COMMON = (
    "a", "A", "z", "0", " ", "\n", "\t", "\u3000", "<", ">", "/", "\\", ".", "-", "_", ":", "@", "%", "&", "#", "=",
    "'", '"', "(", "[", "星", "ア", "の", "\u200b", "\u0301", "a.", "a-", "a b", "0-", "http://", "https://a", "hxxp",
    "//a", "<a ", "<!--", "<script>", "location=", "url(", "token=", "?a=", "@a", "a@", "a@a.", "+81", "line.me/",
    "id:", "１", "ｱ",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One regular expression and where it stands."""

    where: str
    pattern: str | bytes
    flags: int
    methods: frozenset[str]  # that the program calls on it


def modules() -> Iterator[ModuleType]:
    """Import and yield every module of the program."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if ".migrations" not in found.name:
                yield importlib.import_module(found.name)


def collect() -> tuple[list[Found], list[str]]:
    """Return the patterns, and where a pattern is made of values known only at run time."""
    loaded = list(modules())
    called = _methods(loaded)
    found: dict[tuple[str | bytes, int], Found] = {}
    open_ends: list[str] = []

    def keep(where: str, pattern: re.Pattern[Any], methods: frozenset[str]) -> None:
        one = Found(where=where, pattern=pattern.pattern, flags=pattern.flags, methods=methods or SEARCHING)
        found.setdefault((one.pattern, one.flags), one)

    for module in loaded:
        for name, value in vars(module).items():
            for pattern in _patterns(value, depth=4):
                methods = called.get((module.__name__, name), frozenset()) if value is pattern else frozenset()
                keep(f"{module.__name__}.{name}", pattern, methods)
        for where, method, text in _written(module):
            if text is None:
                open_ends.append(where)
            elif method != "compile":
                keep(where, re.compile(text), frozenset((method,)))
    return sorted(found.values(), key=lambda one: one.where), open_ends


def _methods(loaded: Iterable[ModuleType]) -> dict[tuple[str, str], frozenset[str]]:
    """Return which methods are called on global names: a pattern that is only matched never searches."""
    called: dict[tuple[str, str], set[str]] = {}
    for module in loaded:
        tree = _tree(module)
        home = {
            alias.asname or alias.name: node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in CALLS and isinstance(node.value, ast.Name):
                name = node.value.id
                called.setdefault((home.get(name, module.__name__), name), set()).add(node.attr)
    return {name: frozenset(methods) for name, methods in called.items()}


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(module.__file__).read_text("utf-8") if module.__file__ else "")


def _patterns(value: Any, depth: int) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns in a value, and in the tuples, tables and objects of ours that it holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, (tuple, list, set, frozenset)) and len(value) < 5_000:
        for inner in value:
            yield from _patterns(inner, depth - 1)
    elif depth and isinstance(value, dict) and len(value) < 5_000:
        for inner in (*value, *value.values()):
            yield from _patterns(inner, depth - 1)


def _written(module: ModuleType) -> Iterator[tuple[str, str, Any]]:
    """Yield place, method and first argument of each call of `re`; None where its parts are no globals of a module."""
    path = Path(module.__file__ or "")
    for node in ast.walk(_tree(module)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
            continue
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        try:
            code = compile(ast.Expression(node.args[0]), str(path), "eval")
            text = eval(code, vars(module))
        except NameError:
            text = None
        yield where, node.func.attr, text


def texts_against(pattern: str, length: int) -> Iterator[str]:
    """Yield hostile texts made for one pattern, and those that are made for all."""
    pieces = {*COMMON}
    ends = {""}
    tree = parser.parse(pattern)
    pieces.update(_characters(tree))
    whole = _sample(tree)
    pieces.update((whole, whole[:-1], whole[1:]))
    for prefix, body in _repeats(tree, ""):
        yield prefix + _filled(body, length - len(prefix) - 1) + "\0"
        pieces.add(prefix + body)
        ends.add(prefix)
    for piece in pieces:
        if piece:
            text = _filled(piece, length - 1)
            yield text
            yield text + "\0"
    for end in ends:
        yield " " * (length - len(end)) + end


def _filled(piece: str, length: int) -> str:
    return (piece * (max(0, length) // len(piece) + 1))[: max(0, length)] if piece else ""


def _characters(tree: Iterable[Any]) -> Iterator[str]:
    """Yield one character for each literal, range and class of a pattern."""
    for kind, value in tree:
        if kind in (kinds.LITERAL, kinds.IN, kinds.NOT_LITERAL, kinds.ANY):
            yield _sample([(kind, value)])
            if kind == kinds.IN:
                yield from (_sample([one]) for one in value if one[0] != kinds.NEGATE)
        yield from (one for inner in _inside(kind, value) for one in _characters(inner))


def _inside(kind: Any, value: Any) -> Iterator[Iterable[Any]]:
    """Yield the patterns within one node."""
    if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT):
        yield value[2]
    elif kind == kinds.SUBPATTERN:
        yield value[3]
    elif kind == kinds.ATOMIC_GROUP:
        yield value
    elif kind in (kinds.ASSERT, kinds.ASSERT_NOT):
        yield value[1]
    elif kind == kinds.BRANCH:
        yield from value[1]


_CLASSES = {
    kinds.CATEGORY_DIGIT: "1",
    kinds.CATEGORY_SPACE: " ",
    kinds.CATEGORY_WORD: "a",
    kinds.CATEGORY_NOT_DIGIT: "a",
    kinds.CATEGORY_NOT_SPACE: "a",
    kinds.CATEGORY_NOT_WORD: " ",
}


def _sample(tree: Iterable[Any]) -> str:
    """Return a short text that the pattern matches, as far as look-arounds and backward references let it."""
    text = ""
    for kind, value in tree:
        if kind == kinds.LITERAL:
            text += chr(value)
        elif kind == kinds.NOT_LITERAL:
            text += "a" if value != ord("a") else "b"
        elif kind == kinds.ANY:
            text += "a"
        elif kind == kinds.RANGE:
            text += chr(value[0])
        elif kind == kinds.CATEGORY:
            text += _CLASSES.get(value, "a")
        elif kind == kinds.IN:
            text += _one_of(value)
        elif kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT):
            text += _sample(value[2]) * max(1, min(value[0], 20))
        elif kind == kinds.SUBPATTERN:
            text += _sample(value[3])
        elif kind == kinds.ATOMIC_GROUP:
            text += _sample(value)
        elif kind == kinds.BRANCH:
            text += _sample(value[1][0])
    return text


def _one_of(members: list[Any]) -> str:
    if members[0][0] != kinds.NEGATE:
        return _sample([members[0]])
    shut = re.compile("|".join(re.escape(_sample([one])) for one in members[1:]) or r"(?!)")
    return next((one for one in "a0 -星!" if not shut.match(one)), "b")


def _repeats(tree: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield (what stands before, what is repeated) for every repeat of a pattern, nested ones too."""
    for kind, value in tree:
        if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT):
            body = _sample(value[2])
            if body:
                yield prefix, body
            for one in dict.fromkeys(_characters(value[2])):
                yield prefix, one
        for inner in _inside(kind, value):
            yield from _repeats(inner, prefix)
        prefix += _sample([(kind, value)])


def slowest(source: bytes, *, binary: bool, flags: int, methods: list[str], length: int) -> tuple[float, str]:
    """Search all texts for a pattern; return the most seconds, and both ends of that text. Runs in the sandbox."""
    written = source.decode("utf-8", "surrogatepass")
    compiled: re.Pattern[Any] = re.compile(source if binary else written, flags)
    worst = (0.0, "")
    signal.signal(signal.SIGVTALRM, _enough)
    for text in dict.fromkeys(texts_against(written, length)):
        if worst[0] >= ENOUGH:
            break
        subject: Any = text.encode()[:length] if binary else text
        start = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, ENOUGH)
        try:
            if SEARCHING.intersection(methods):
                for _match in compiled.finditer(subject):
                    pass
            if not SEARCHING.issuperset(methods):
                compiled.match(subject)
                compiled.fullmatch(subject)
        except TimeoutError:
            pass
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        worst = max(worst, (time.process_time() - start, ascii(f"{text[:12]}…{text[-6:]}")))
    return worst


def _enough(*_: Any) -> None:
    """End a search: the engine looks for signals now and then."""
    raise TimeoutError


def main(limit: float = 0.1) -> None:
    """Print the slowest patterns."""
    found, open_ends = collect()
    times: list[tuple[float, str, Found]] = []
    with Sandbox(workers=1, cpu_seconds=60, wall_seconds=120) as sandbox:
        for one in found:
            try:
                meets = next((most for where, most in MEETS.items() if one.where.startswith(where)), LENGTH)
                source = one.pattern if isinstance(one.pattern, bytes) else one.pattern.encode("utf-8", "surrogatepass")
                binary = isinstance(one.pattern, bytes)
                seconds, text = sandbox.call(
                    TARGET, source, binary=binary, flags=one.flags, methods=[*one.methods], length=meets
                )
            except SandboxError as error:
                seconds, text = 60.0, str(error)
            times.append((seconds, text, one))
    times.sort(key=lambda row: row[0], reverse=True)
    over = [row for row in times if row[0] > limit]
    print(f"patterns: {len(found)} on texts of {LENGTH:,} characters, {len(over)} over {limit * 1000:.0f} ms")
    for seconds, text, one in over or times[:3]:
        print(f"  {seconds * 1000:8.0f} ms  {one.where}  {text}  {one.pattern[:90]!r}")
    for where in open_ends:
        print(f"  made at run time, not tried: {where}")


if __name__ == "__main__":
    main()
