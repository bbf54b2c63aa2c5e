"""Files of the configuration: a path or glob pattern -> blocks of bytes, read away from the reactor."""

import glob
from collections.abc import Iterator
from pathlib import Path

BLOCK_BYTES = 1 << 20


def matching(pattern: str) -> list[Path]:
    """Return the files that a path or glob pattern names, in order."""
    if Path(pattern).is_file():
        return [Path(pattern)]
    return [path for path in map(Path, sorted(glob.glob(pattern, recursive=True))) if path.is_file()]  # noqa: PTH207  absolute patterns


def blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's content in blocks.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block
