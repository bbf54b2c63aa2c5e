import pytest

from spiders.report import LINES, Tally


def test_lines_are_screened_and_capped() -> None:
    tally = Tally("a")
    for _ in range(LINES + 5):
        tally.problem("http_404", "http://x.test/\x1b[31m\u202e\nsecond line")
    report = tally.report()
    assert report.errors == {"http_404": LINES + 5}
    assert len(report.problems) == LINES + 1
    assert "5 more" in report.problems[-1]
    assert not any(character in "".join(report.problems) for character in "\x1b\u202e\n")


@pytest.mark.parametrize(
    ("items", "errors", "stopped", "outcome"),
    [
        (0, [], False, "ok"),
        (3, [], False, "ok"),
        (3, ["http_404"], False, "partial"),
        (3, [], True, "partial"),
        (3, ["robots"], False, "ok"),
        (0, ["robots"], False, "blocked"),
        (0, ["http_404"], False, "failed"),
        (0, ["http_403", "robots"], False, "blocked"),
        (0, ["http_403", "timeout"], False, "failed"),
    ],
)
def test_outcome(items: int, errors: list[str], stopped: bool, outcome: str) -> None:
    tally = Tally("a")
    tally.items, tally.stopped = items, stopped
    for kind in errors:
        tally.problem(kind, kind)
    assert tally.outcome() == outcome
