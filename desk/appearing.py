"""A file that appears whole or not at all, readable by its owner alone, and writes through no link."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NotWritten(Exception):
    """A file did not appear; the message names it and says why."""


@contextmanager
def appearing(path: Path, *, force: bool) -> Iterator[Path]:
    """Give a private file beside `path` to write; it takes that name once it is whole.

    Raises:
        NotWritten: the name is taken and `force` is not set, or the folder cannot be written to.
    """
    if path.exists() and not force:
        raise NotWritten(f"{path}: is there already; --force writes over it")
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
        os.close(descriptor)
    except OSError as error:
        raise NotWritten(f"{path}: cannot be written: {error.strerror}") from error
    aside = Path(name)
    try:
        yield aside
        if force:
            aside.replace(path)
        else:
            os.link(aside, path)  # fails where somebody was faster
    except FileExistsError as error:
        raise NotWritten(f"{path}: is there already; --force writes over it") from error
    except OSError as error:
        raise NotWritten(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
