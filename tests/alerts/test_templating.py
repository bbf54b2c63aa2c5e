"""Texts of a team's own: which file counts, what they know, what happens when they fail."""

from pathlib import Path

import pytest

from alerts.dialect import CHATWORK, PLAIN, SLACK, Dialect
from alerts.message import Alert
from alerts.templating import SHIPPED, Templates
from alerts.texts import Texts, values_of
from config.templates import FILES, LANGUAGES, VALUES, find_problems
from tests.alerts.samples import HOSTILE, alert_of, case, hostile_case, item, view


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    for name in ("ja/chat", "en/chat", "chat"):
        (folder / name).mkdir(parents=True)
    return folder


def texts(own: Path, alert: Alert | None = None, dialect: Dialect = PLAIN) -> Texts:
    return Texts(alert or alert_of(language="ja"), dialect, Templates(own))


def test_every_shipped_template_is_known_and_sound() -> None:
    assert list(find_problems(SHIPPED)) == []
    shipped = {path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.*")}
    for name in FILES:
        assert name in shipped or {f"{language}/{name}" for language in LANGUAGES} <= shipped


def test_templates_know_exactly_what_is_documented() -> None:
    assert values_of(alert_of(), PLAIN).keys() == VALUES
    documented = Path("docs/alerts.md").read_text("utf-8")
    for name in (*VALUES, *FILES, *(value for values in FILES.values() for value in values)):
        assert f"`{name}`" in documented, name


def test_a_file_of_the_language_counts_before_one_of_all_languages(own: Path) -> None:
    (own / "chat/headline.txt").write_text("all: {{ headline }}")
    assert texts(own).headline.startswith("all: 星野電機")
    (own / "ja/chat/headline.txt").write_text("【要対応】{{ headline }}")
    assert texts(own).headline.startswith("【要対応】星野電機")
    assert texts(own, alert_of()).headline.startswith("all: Impersonation")


def test_a_changed_file_counts_at_once(own: Path) -> None:
    file = own / "ja/chat/headline.txt"
    file.write_text("one")
    assert texts(own).headline == "one"
    file.unlink()
    assert texts(own).headline.startswith("星野電機")


def test_hostile_text_is_escaped_in_templates_of_ones_own_too(own: Path) -> None:
    (own / "chat/headline.txt").write_text(
        "*ours* {{ case.title }} {{ bold(case.title) }} {{ alert.items[0].advertiser }}"
    )
    line = texts(own, alert_of(hostile_case()), SLACK).headline
    assert line.startswith("*ours* &lt;!channel&gt;")
    assert "<" not in line


@pytest.mark.parametrize("written", ["e", "forceescape", "safe", "tojson", "urlize"])
def test_what_a_filter_made_html_of_is_no_markup_of_a_service(own: Path, written: str) -> None:
    (own / "chat/headline.txt").write_text(f"{{{{ case.title | {written} }}}}")
    line = texts(own, alert_of(case(title="[toall] [/info] x")), CHATWORK).headline
    assert "toall" in line
    assert "[" not in line


def test_live_links_are_out_of_reach(own: Path) -> None:
    (own / "chat/headline.txt").write_text("{{ alert.items[0].links[0].exact }} {{ alert.items[0].links[0].defanged }}")
    shown = alert_of(case(view(item=item(links=("https://evil.test/x",)))))
    assert texts(own, shown).headline == "None hxxps://evil[.]test/x"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("ok\n{{ case.nothing }}", "line 2"),
        ("{{ alert.items[99].text }}", "line 1"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{{ ''.__class__.__mro__ }}", "line 1"),
        ("{% for n in range(10000000) %}x{% endfor %}", "OverflowError"),
        ("{{ broken", "line 1"),
        ("{{ alert.items.append(1) }}", "line 1"),
        ("{% set n = 10 ** 16 %}{{ headline * n }}", "MemoryError"),
    ],
)
def test_a_template_that_fails_gives_way_to_the_shipped_one_and_is_named(own: Path, source: str, said: str) -> None:
    (own / "ja/chat/headline.txt").write_text(source)
    told = texts(own)
    assert told.headline.startswith("星野電機")
    assert told.problem is not None
    assert told.problem.startswith("own template chat/headline.txt")
    assert said in told.problem
    assert told.problem.endswith("the shipped one was used")


def test_a_failure_repeats_nothing_hostile(own: Path) -> None:
    (own / "en/chat/headline.txt").write_text("{{ alert.items[case.title] }}{{ {}[case.title] }}")
    told = texts(own, alert_of(case(title=HOSTILE)))
    assert told.headline
    assert "evil.test" not in str(told.problem)


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("mail.txt", "{{ headlin }}", "line 1: there is no 'headlin'; did you mean 'headline'?"),
        ("ja/chat/why.txt", "a\n{{ says(entry) }}\n{{ item.text }}", "line 3: there is no 'item'"),
        ("subject.txt", "x\n{% if %}", "line 2: "),
        ("mail.html", "{{ headline | shout }}", "line 1: No filter named 'shout'."),
        ("ja/chat/wy.txt", "x", "takes the place of no template; did you mean 'ja/chat/why.txt'?"),
        ("fr/subject.txt", "x", "takes the place of no template"),
    ],
)
def test_a_broken_template_is_told_with_its_line(own: Path, name: str, source: str, problem: str) -> None:
    file = own / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    [(path, said)] = find_problems(own)
    assert path == file
    assert said.startswith(problem)


def test_what_is_no_text_is_told(own: Path) -> None:
    (own / "mail.txt").write_bytes(b"\xff\xfe")
    (own / "mail.html").write_text("x" * 300_000)
    assert sorted(said for _, said in find_problems(own)) == ["is larger than 200000 bytes", "is not UTF-8"]
    assert list(find_problems(own / "none")) == [(own / "none", "is no folder")]


def test_sound_templates_and_hidden_files_are_no_problem(own: Path) -> None:
    (own / ".DS_Store").write_text("x")
    (own / "ja/subject.txt").write_text(
        "{% set x = 1 %}{{ x }} {{ headline | upper }} {% for n in range(3) %}{{ loop.index }}{% endfor %}"
    )
    assert list(find_problems(own)) == []
