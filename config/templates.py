"""Templates of one's own for messages and notices: which there may be, and whether they can be used at all.

A file in the folder takes the place of the shipped one of its name. `ja/subject.txt` counts for Japanese messages,
`subject.txt` for those of every language that has none of its own.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from jinja2 import StrictUndefined, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from rapidfuzz import fuzz, process

LANGUAGES = ("en", "ja")
MOST_BYTES = 200_000  # of one file

# What every template knows; docs/alerts.md says what each name is.
VALUES = frozenset(
    [
        "alert",
        "case",
        "reason",
        "words",
        "headline",
        "occasion",
        "standing",
        "decision",
        "score",
        "more_items",
        "more_evidence",
        "says",
        "seen",
        "moment",
        "digest_line",
        "digest_facts",
        "bold",
        "code",
        "quote",
    ]
)
# Every template, and the names that it knows besides.
FILES: dict[str, frozenset[str]] = {
    "subject.txt": frozenset(),
    "mail.txt": frozenset(),
    "mail.html": frozenset({"picture", "picture_width", "framed", "percent"}),
    "chat/headline.txt": frozenset(),
    "chat/lead.txt": frozenset(),
    "chat/why.txt": frozenset({"entry"}),
    "chat/item.txt": frozenset({"item"}),
    "chat/digest.txt": frozenset({"line"}),
    "chat/next.txt": frozenset(),
    "chat/footer.txt": frozenset(),
}


def environment() -> ImmutableSandboxedEnvironment:
    """Return what templates are read and run in: no access to Python, unknown names are errors."""
    return ImmutableSandboxedEnvironment(
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def find_problems(
    folder: Path, files: Mapping[str, frozenset[str]] = FILES, values: frozenset[str] = VALUES
) -> Iterator[tuple[Path, str]]:
    """Yield every file of the folder that cannot be used, with one line that says where and why.

    Args:
        folder: of a team's own.
        files: every template there may be, and the names that it knows besides.
        values: what every template knows.
    """
    if not folder.is_dir():
        yield folder, "is no folder"
        return
    known = [*files, *(f"{language}/{name}" for language in LANGUAGES for name in files)]
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if name not in known:
            near = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=60)
            yield path, "takes the place of no template" + (f"; did you mean {near[0]!r}?" if near else "")
        elif problem := _problem(path, name, known, values | files[plain_name(name)]):
            yield path, problem


def plain_name(name: str) -> str:
    """Return the name without its language."""
    language, _, rest = name.partition("/")
    return rest if language in LANGUAGES else name


def _problem(path: Path, name: str, files: Collection[str], values: frozenset[str]) -> str | None:
    try:
        if path.stat().st_size > MOST_BYTES:
            return f"is larger than {MOST_BYTES} bytes"
        source = path.read_text("utf-8")
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "is not UTF-8"
    trial = environment()
    try:
        tree = trial.parse(source, name)
        trial.compile(source, name)  # finds filters and tests that do not exist
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {error.message}"
    allowed = values | trial.globals.keys()
    for unknown in sorted(meta.find_undeclared_variables(tree) - allowed):
        line = next(number for number, text in enumerate(source.splitlines(), 1) if unknown in text)
        near = process.extractOne(unknown, sorted(allowed), scorer=fuzz.ratio, score_cutoff=60)
        return f"line {line}: there is no {unknown!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    for included in meta.find_referenced_templates(tree):
        if included is not None and included not in files:
            near = process.extractOne(included, files, scorer=fuzz.ratio, score_cutoff=60)
            return f"includes {included!r}, which is no template" + (f"; did you mean {near[0]!r}?" if near else "")
    return None
