"""The page of a bundle: what strangers wrote stays text, nothing is loaded from elsewhere, all that counts is said."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import msgspec
import pytest

from alerts.message import Language
from safety.screen import screen
from storage.database import snapshot, transaction
from storage.notices import save_draft
from takedown.bundle.compose import compose
from takedown.bundle.dossier import Dossier, Facts, Journey, Pictures, Table, Words
from takedown.bundle.english import ENGLISH
from takedown.bundle.gather import Gathered, gather
from takedown.bundle.japanese import JAPANESE
from takedown.bundle.pages import page_of
from takedown.story import Story, tell_story
from takedown.translation import genuine_in_japanese, in_japanese
from tests.takedown.bundle.bundles import LATER
from tests.takedown.bundle.hostile import HOPS, ITEMS, MARKUP, hostile_story, hostile_visits
from tests.takedown.drafts import actor_of, channel_of, drafted
from tests.takedown.stage import LINE_ID, LINK, Stage

TAGS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title style body header main section nav footer h1 h2 h3 p dl div dt dd ul ol li a span strong "
        "b br table colgroup col thead tbody tr th td figure img figcaption",
    )
)
PLACE = re.compile(r"(?:left|top|width|height):\d{1,3}\.\d{3}%(?:;|$)")


class Seen(HTMLParser):
    """Tags, attributes and words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def told(stage: Stage, tmp_path: Path) -> tuple[Story, Gathered]:
    (tmp_path / "work").mkdir()
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=LATER)
        return story, gather(session, stage.media, story, tmp_path / "work")


def dossier_of(told: tuple[Story, Gathered], stage: Stage, language: Language = "ja") -> Dossier:
    return compose(*told, {}, stage.config, language, channels={}, now=LATER)


def texts(value: Any) -> Iterator[str]:
    """Every text of a dossier."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif hasattr(value, "__dataclass_fields__"):
        for one in fields(value):
            yield from texts(getattr(value, one.name))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_hostile_texts_stay_texts_and_nothing_is_loaded(
    language: Language, told: tuple[Story, Gathered], stage: Stage
) -> None:
    story, gathered = told
    dossier = dossier_of((hostile_story(story), hostile_visits(gathered)), stage, language)
    page = page_of(dossier, gathered.contents.path_of)
    seen = Seen(page)
    assert set(seen.tags) <= TAGS
    assert "<script>alert(1)</script>" in "".join(seen.words)
    for tag, name, value in seen.attributes:
        assert not name.startswith("on")
        if name in ("href", "src"):
            assert re.fullmatch(r"#[a-z]+" if tag == "a" else r"(pictures|screenshots)/[a-z0-9.-]+", value), value
        if name == "style":
            assert PLACE.sub("", value) == "" or re.fullmatch(r"width:\d+\.\d\d%", value), value
    assert 'http-equiv="Content-Security-Policy"' in page
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(", page)
    assert all(screen(text) == text for text in texts(dossier) if text)


def test_hostile_links_are_defanged_in_every_text(told: tuple[Story, Gathered], stage: Stage) -> None:
    story, gathered = told
    dossier = dossier_of((hostile_story(story), hostile_visits(gathered)), stage)
    said = [text for text in texts(dossier) if "evil" in text]
    assert len(said) > 100
    live = [text for text in said if re.search(r"https?://(?!evil\.test/x\.png|evil\.test'>)", text)]
    assert not live


def test_what_is_too_much_is_cut_and_said(told: tuple[Story, Gathered], stage: Stage) -> None:
    story, gathered = told
    story = hostile_story(story)
    gathered = replace(hostile_visits(gathered), item_count=ITEMS, items=ITEMS)
    dossier = dossier_of((story, gathered), stage, "en")
    assert len(page_of(dossier, gathered.contents.path_of)) < 1_000_000
    shown = next(section for section in dossier.sections if section.key == "shown")
    lines = shown.blocks[-1]
    assert isinstance(lines, Table)
    in_full = sum(isinstance(block, Facts) for block in shown.blocks)
    left = ITEMS - in_full - len(lines.rows)
    assert lines.note.startswith(f"{left} further items")
    ways = [way for block in dossier.sections[0].blocks if isinstance(block, Journey) for way in block.ways]
    assert [len(way.steps) for way in ways] == [HOPS, HOPS]


def test_every_row_has_a_text_for_each_column(told: tuple[Story, Gathered], stage: Stage) -> None:
    for language in ("ja", "en"):
        for section in dossier_of(told, stage, language).sections:
            for block in section.blocks:
                if isinstance(block, Table):
                    assert {len(row) for row in block.rows} <= {len(block.columns)}, section.key


def test_a_frame_lies_where_its_box_is_and_never_beyond_its_picture(told: tuple[Story, Gathered], stage: Stage) -> None:
    story, gathered = told
    dossier = dossier_of((hostile_story(story), gathered), stage)
    shown = next(section for section in dossier.sections if section.key == "shown")
    [picture] = [one for block in shown.blocks if isinstance(block, Pictures) for one in block.pictures]
    assert picture.frames[0].box == (10, 20, 90, 60)
    page = page_of(dossier, gathered.contents.path_of)
    first, second = re.findall(r'class="frame" style="([^"]+)"', page)
    assert first.startswith(f"left:{10 / picture.width:.5%}"[:9])
    assert second.startswith("left:0.000%")
    assert "width:100.000%" in second
    assert MARKUP not in page


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_dossier_tells_the_case(language: Language, told: tuple[Story, Gathered], stage: Stage) -> None:
    dossier = dossier_of(told, stage, language)
    assert [section.key for section in dossier.sections] == [
        "journey",
        "shown",
        "imitated",
        "actors",
        "timeline",
        "signals",
        "judgements",
        "notices",
        "unseen",
        "files",
        "check",
    ]
    summary = "".join(dossier.summary)
    for word in ("星野電機", "Meta", "YouTube", "hoshino-denki-sale[.]test", "203.0.113.7", LINE_ID, "keiko"):
        assert word in summary
    everything = "\n".join(texts(dossier))
    for word in ("登録第0000001号", "偽の閉店セール", "Example Registrar, Inc.", "2026-11-24 18:00:00 JST", "JPO"):
        assert word in everything
    assert LINK not in everything
    assert str(stage.folder) not in everything
    japanese = re.compile("[ぁ-ん]")
    assert bool(japanese.search(dossier.footer)) == (language == "ja")


def test_a_visit_that_could_not_tell_is_never_called_harmless(told: tuple[Story, Gathered], stage: Stage) -> None:
    story, gathered = told
    blind = tuple(replace(visit, outcome="could_not_tell", says="answered 503") for visit in gathered.visits)
    dossier = dossier_of((story, replace(gathered, visits=blind)), stage, "en")
    assert "could not be told" in dossier.summary[1]
    [unseen] = next(section for section in dossier.sections if section.key == "unseen").blocks
    assert isinstance(unseen, Words)
    assert sum("answered 503" in line for line in unseen.lines) == len(blind)


def test_a_case_without_links_and_visits_says_so(told: tuple[Story, Gathered], stage: Stage) -> None:
    story, gathered = told
    bare = tuple(replace(view, item=replace(view.item, links=()), pictures=()) for view in story.case.items[:1])
    case = replace(story.case, items=bare, item_count=1, log=(), judged_at=None, state="open")
    empty = replace(gathered, visits=(), stamps=(), item_count=1, items=1)
    for language in ("ja", "en"):
        dossier = dossier_of((replace(story, case=case, registrations={}, networks={}), empty), stage, language)
        words = ENGLISH if language == "en" else JAPANESE
        assert words.leads_nowhere in dossier.summary
        everything = list(texts(dossier))
        for sentence in (words.no_link, words.none_followed, words.no_authority, words.not_judged_yet):
            assert sentence in everything
        assert page_of(dossier, gathered.contents.path_of)


def places(value: Any) -> Any:
    """The places in a sentence that take something; of several, of each."""
    if isinstance(value, str):
        return sorted(name for _, name, _, _ in Formatter().parse(value) if name is not None)
    if isinstance(value, tuple):
        return [places(one) for one in value]
    return {key: places(one) for key, one in value.items()}


def test_both_languages_say_the_same_of_the_same() -> None:
    for one in fields(ENGLISH):
        english, japanese = getattr(ENGLISH, one.name), getattr(JAPANESE, one.name)
        assert places(english) == places(japanese), one.name


@pytest.mark.parametrize(
    ("says", "told_as"),
    [
        ("a page was seen; others may see another", "ページの表示を確認しました"),
        ("it led on after 20 hops", "20回転送された後"),
        ("answered 404", "HTTP ステータス 404"),
        ("no answer (timeout)", "応答がありませんでした（時間切れ）"),
        ("shows a captcha or bot check", "CAPTCHA などの自動アクセス対策の画面が表示されました"),
        (
            "desk: telephone saw a page, desk did not (answered 404)",
            "パソコンとの比較：スマートフォンにはページが表示され、パソコンには表示されません",
        ),
        ("desk: ended at a.test and at b.test; it had not loaded whole in time", "読み込みが終わりませんでした"),
        (
            "desk: 20 of 64 bits of the words, 22 of the page's shape, 30 of its picture differ",
            "画面は30ビット異なります",
        ),
        ("all of 2 links: the host is unknown", "2件のリンクすべて：ホスト名が存在しません"),
        ("leads to new.test now, no longer to old.test", "old.test から new.test に"),
    ],
)
def test_what_the_detector_says_of_journeys_is_told_in_japanese(says: str, told_as: str) -> None:
    assert told_as in in_japanese(says)


def test_what_would_be_genuine_is_told_in_japanese(told: tuple[Story, Gathered], stage: Stage) -> None:
    signals = next(one for one in dossier_of(told, stage).sections if one.key == "signals")
    [table] = signals.blocks
    assert isinstance(table, Table)
    left = [row[2] for row in table.rows if not re.search("[ぁ-んァ-ヶ一-龠]", row[2])]
    assert set(left) <= {"hoshino-denki[.]example"}
    assert genuine_in_japanese("ruscool.jpg, in the brand's own items only") == "ruscool.jpg（ブランド自身のもののみ）"
    assert genuine_in_japanese("Hoshino") == "Hoshino"


def test_a_sentence_that_is_not_known_stays_as_it_is() -> None:
    assert in_japanese("something new; and more") == "something new。and more"
    assert in_japanese("") == ""


def test_a_japanese_dossier_has_no_words_of_ours_in_english(stage: Stage, told: tuple[Story, Gathered]) -> None:
    story, gathered = told
    for kind in ("everyone", "payee", "chat"):
        notice = drafted(stage, story, actor_of(story, kind), channel_of(languages=["ja"]), "ja")
        with transaction(stage.engine) as session:
            save_draft(session, msgspec.to_builtins(notice), who="keiko", now=LATER)
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=LATER)
    left = tuple(replace(one, state="filed", filed_at=LATER, filed_by="keiko") for one in story.notices)
    said = "\n".join(texts(dossier_of((replace(story, notices=left), gathered), stage)))
    english = r"\b(?:everyone|desk|telephone|bank|JP|(?:bank|line)(?:\[:\]|:))\b|paid by|T00:00:00Z|in its name"
    assert re.findall(english, said) == []
    accounts = "銀行口座 みどり銀行 架空支店 普通 1234567", f"LINEアカウント {LINE_ID}"
    for word in ("案件全体", "（支払者：QX Trade Ltd）", "パソコン", "日本", *accounts):
        assert word in said, word
    assert "2026-11-15" in said
