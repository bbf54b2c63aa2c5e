import pytest

from alerts.dialect import (
    ANY,
    CHATWORK,
    DISCORD,
    GOOGLE_CHAT,
    LINE_WORKS,
    PLAIN,
    SLACK,
    TEAMS,
    Dialect,
    Marked,
    Run,
    cut,
    runs,
    units,
)
from alerts.message import CaseReason, Language
from alerts.texts import Texts, fit_lines
from tests.alerts.samples import EVIDENCE, alert_of, case, digest_of, view

DIALECTS = {
    "any": ANY,
    "chatwork": CHATWORK,
    "discord": DISCORD,
    "google": GOOGLE_CHAT,
    "line works": LINE_WORKS,
    "plain": PLAIN,
    "slack": SLACK,
    "teams": TEAMS,
}
EACH = pytest.mark.parametrize("dialect", list(DIALECTS.values()), ids=list(DIALECTS))


def test_why_gives_the_three_strongest_with_seen_and_expected() -> None:
    lines = Texts(alert_of(), PLAIN).why
    assert len(lines) == 3
    assert lines[1] == (
        "The link's host imitates an official domain of the brand. "
        "Seen: hoshino-denki-sale[.]test · expected: hoshino-denki[.]example"
    )


def test_what_was_seen_is_not_named_twice() -> None:
    assert Texts(alert_of(), PLAIN).why[2] == "The text uses the brand's name. Seen: 星野電機"


@pytest.mark.parametrize(
    ("reason", "language", "begins"),
    [
        ("first", "en", "Impersonation of 星野電機"),
        ("escalated", "en", "Not judged in time: Impersonation of"),
        ("relapsed", "en", "Back again: Impersonation of"),
        ("escalated", "ja", "【期限超過】星野電機の"),
        ("relapsed", "ja", "【再出現】星野電機の"),
    ],
)
def test_the_first_line_says_what_is_urgent(reason: CaseReason, language: Language, begins: str) -> None:
    assert Texts(alert_of(None, reason, 1, language), PLAIN).headline.startswith(begins)


def test_what_speaks_against_is_no_reason() -> None:
    against = tuple(entry for entry in EVIDENCE if entry.weight < 0)
    assert Texts(alert_of(case(view(evidence=against))), PLAIN).why == ()


def test_a_japanese_alert_explains_in_japanese() -> None:
    assert Texts(alert_of(language="ja"), PLAIN).why[1] == (
        "ホスト名が、似た文字や誤字でブランド名を装っています。 "
        "検出:hoshino-denki-sale[.]test · 本来:hoshino-denki[.]example"
    )


def test_a_message_says_how_much_it_leaves_out() -> None:
    large = alert_of(case(*(view(n) for n in range(1, 10))))
    assert Texts(large, PLAIN).left_out(3) == "6 further items are in the case."
    assert Texts(large, PLAIN).left_out(8) == "1 further item is in the case."
    assert Texts(large, PLAIN).left_out(9) is None
    assert Texts(digest_of(5), PLAIN).left_out(3) == "Further cases: 2"
    assert Texts(digest_of(5), PLAIN).left_out(5) is None


@EACH
@pytest.mark.parametrize("text", ["&<>@*_~|`#\\[]{}" * 50, "𠮷" * 1000, "a[.]b" * 300])
def test_a_value_is_never_longer_than_its_limit_and_cut_visibly(dialect: Dialect, text: str) -> None:
    for limit in (1, 2, 10, 100):
        written = dialect.plain(text, limit)
        assert units(written) <= limit
        assert written.endswith("…")
    assert units(dialect.code(text)) <= dialect.longest_code


@EACH
def test_what_fits_is_not_cut(dialect: Dialect) -> None:
    text = "星野電機 hoshino-denki[.]example"
    assert dialect.plain(text, len(text)) == text
    assert dialect.plain(text, len(text) - 1) != text


@EACH
def test_what_is_written_already_is_not_written_again(dialect: Dialect) -> None:
    bold = dialect.bold("<x>")
    assert dialect.plain(bold) is bold
    assert isinstance(bold, Marked)


@EACH
def test_defanged_dots_stay_readable(dialect: Dialect) -> None:
    assert "evil[.]test" in dialect.plain("evil[.]test")
    assert "evil[.]test" in dialect.code("evil[.]test")


def test_a_cut_breaks_no_entity() -> None:
    assert cut("abc&amp;def", 8) == "abc…"
    assert cut("abc&amp;def", 9) == "abc&amp;…"
    assert cut("𠮷𠮷𠮷", 4) == "𠮷…"


def test_marks_become_runs() -> None:
    line = f"{TEAMS.bold('Case 42')} · {TEAMS.code('evil[.]test')} x"
    assert runs(line) == [
        Run(text="Case 42", bold=True),
        Run(text=" · "),
        Run(text="evil[.]test", code=True),
        Run(text=" x"),
    ]
    assert runs("") == []


def test_lines_are_left_out_whole_and_visibly() -> None:
    assert fit_lines(["aaaa", "bbbb"], 100) == ["aaaa", "bbbb"]
    assert fit_lines(["aaaa", "bbbb", "cccc"], 12) == ["aaaa", "bbbb", "…"]
    assert fit_lines(["aaaa", "bbbb", "cccc"], 11) == ["aaaa", "…"]
    for limit in range(3, 15):
        assert len("\n".join(fit_lines(["aaaa", "bbbb", "cccc"], limit))) <= limit
