"""A file that appears whole or not at all, for commands: what goes wrong is a line for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.app import Stop
from desk import appearing as desk
from desk.appearing import NotWritten


@contextmanager
def appearing(path: Path, *, force: bool) -> Iterator[Path]:
    """Give a private file beside `path` to write; it takes that name once it is whole.

    Raises:
        Stop: the name is taken and `force` is not set, or the folder cannot be written to.
    """
    try:
        with desk.appearing(path, force=force) as aside:
            yield aside
    except NotWritten as error:
        raise Stop(str(error)) from error
