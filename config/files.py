"""The files that a configuration consists of: itself, what it includes, and what it names beside itself.

Files that hold secrets (`file:PATH`) are none of them, nor is what the program itself keeps (database, media store).
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from config.models import Config

_NONE_OF_OURS = frozenset({"media", "browser"})  # fields with a path to something else


def configuration_files(config: Config) -> list[Path]:
    """Return the files, absolute, each once; of folders all that lies in them. What is not there is left out."""
    main = config.file
    patterns = tomllib.loads(main.read_text("utf-8")).get("include", [])
    included = [file for pattern in patterns for file in sorted(main.parent.glob(pattern))]
    files = [main, *included]
    for path in _paths(config):
        files += sorted(path.rglob("*")) if path.is_dir() else [path]
    return list(dict.fromkeys(file.absolute() for file in files if file.is_file()))


def _paths(value: object) -> Iterator[Path]:
    match value:
        case Path():
            yield value
        case BaseModel():
            for name in type(value).model_fields:
                if name not in _NONE_OF_OURS:
                    yield from _paths(getattr(value, name))
        case tuple() | list():
            for one in value:
                yield from _paths(one)
        case dict():
            yield from _paths(list(value.values()))
