"""Every module has a row in docs/architecture.md, and every row its module."""

import fnmatch
import re
from collections.abc import Iterator

from tests.test_architecture import ALLOWED, FILES, ROOT


def rooms(text: str) -> Iterator[str]:
    """Yield the files and folders that rows of the architecture's tables are about, from the top: `a/b.py`, `a/b/`.

    A name without a folder stands in that of the name before it.
    """
    for line in text.splitlines():
        folder = ""
        for name in re.findall(r"`([^`]+)`", line.split("|")[1]) if line.startswith("| `") else ():
            rooted = name.partition("/")[0] in ALLOWED
            path = name if rooted else folder + name
            if rooted or not name.endswith("/"):
                folder = path[: path.rindex("/") + 1] if "/" in path else ""
            yield path


def test_every_module_has_a_row_in_the_architecture_and_every_row_its_module() -> None:
    told = list(rooms((ROOT / "docs" / "architecture.md").read_text("utf-8")))
    there = {str(path.relative_to(ROOT)) for path in FILES if path.name != "__init__.py"} - {"cli.py"}
    inside = tuple(path for path in told if path.endswith("/") and path.count("/") > 1)
    named = {path for name in told if name.endswith(".py") for path in fnmatch.filter(there, name)}
    assert sorted(path for path in there - named if not path.startswith(inside)) == [], "modules without a row"
    gone = [name for name in told if name.endswith(".py") and not fnmatch.filter(there, name)]
    gone += [name for name in told if name.endswith("/") and not (ROOT / name).is_dir()]
    assert gone == [], "rows without a module"
