"""Golden pages: each directory holds an input, the call that reads it (`call.json`) and what must come out.

After an intended change, write the results anew and review them as a diff:

    MEKIKI_WRITE_GOLDEN=1 python -m pytest tests/spiders/pages/test_golden.py
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from safety.sandbox import Sandbox

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, wall_seconds=30) as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, sandbox: Sandbox) -> None:
    folder = GOLDEN / name
    call = json.loads((folder / "call.json").read_text("utf-8"))
    (source,) = (path for path in folder.iterdir() if path.name not in ("call.json", "expected.json"))
    result = sandbox.call(call["target"], source.read_bytes(), **call["options"])
    expected = folder / "expected.json"
    if os.environ.get("MEKIKI_WRITE_GOLDEN"):
        expected.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", "utf-8")
    assert result == json.loads(expected.read_text("utf-8"))


def test_every_family_has_golden_pages() -> None:
    targets = {json.loads((GOLDEN / name / "call.json").read_text("utf-8"))["target"] for name in CASES}
    assert targets == {
        "spiders.pages.publisher:parse_page",
        "spiders.pages.feeds:parse_feed",
        "spiders.pages.sitemaps:parse_sitemap",
    }
