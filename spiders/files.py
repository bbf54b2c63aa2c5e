"""Files of the configuration: a path or glob pattern -> blocks of bytes, read away from the reactor."""

import glob
from collections.abc import Iterator
from pathlib import Path

BLOCK_BYTES = 1 << 20
REFERENCE_CHARACTERS = 4096  # of a picture's path; `data:` URLs come with megabytes


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


def picture_beside(folder: Path, reference: str) -> Path | None:
    """Return the regular file below the folder that an item's picture reference names; None when there is none.

    The reference is hostile: it may lead above the folder, through a link out of it, to a pipe, or be no path at all.
    """
    if "://" in reference or reference.startswith("data:") or len(reference) > REFERENCE_CHARACTERS:
        return None
    try:
        path = (folder / reference).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long a name, characters that no name has, links in a circle
        return None
