"""Facts: what the fields of forms are filled with, and that nothing unknown is made up."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from takedown.channel import Fact
from takedown.facts import FACTS, fact
from tests.takedown.drafts import actor_of, branded, channel_of, context_of, story_of, with_item
from tests.takedown.stage import BANK, LANDING, LINE_ID, LINK, SHOP, Stage, enter

SEEN = "2026-11-24 09:00:00 UTC (18:00:00 Asia/Tokyo)"


@pytest.fixture(scope="module")
def stage(set_up: tuple[Path, int, int]) -> Iterator[Stage]:
    """The filled installation itself: facts are only read."""
    stage = enter(*set_up)
    yield stage
    stage.engine.dispose()


def test_every_word_of_the_vocabulary_has_a_function() -> None:
    assert set(FACTS) == set(get_args(Fact))


@pytest.mark.parametrize(
    ("name", "kind", "english", "japanese"),
    [
        ("filer.name", "platform", "Officer, IP Department", "知財部 担当者"),
        ("filer.title", "platform", None, "知的財産部"),
        ("filer.organization", "platform", "Hoshino Denki Co., Ltd.", "星野電機株式会社"),
        ("filer.address", "platform", "1-2-3 Kaku, Reiji-ku, Tokyo", "東京都例示区架空一丁目2番3号"),
        ("filer.country", "platform", "Japan", "日本"),
        ("filer.email", "platform", "brand-protection@hoshino-denki.example", "brand-protection@hoshino-denki.example"),
        ("filer.phone", "platform", "+81-3-0000-0000", "+81-3-0000-0000"),
        ("filer.signature", "platform", "Officer, IP Department 2026-11-24", "知財部 担当者 2026-11-24"),
        ("filer.relation", "platform", "owner of the rights", "権利者本人"),
        ("owner.name", "platform", "Hoshino Denki Co., Ltd.", "星野電機株式会社"),
        ("owner.address", "platform", "1-2-3 Kaku, Reiji-ku, Tokyo", "東京都例示区架空一丁目2番3号"),
        ("owner.country", "platform", "Japan", "日本"),
        ("owner.email", "platform", "brand-protection@hoshino-denki.example", "brand-protection@hoshino-denki.example"),
        ("brand.name", "platform", "Hoshino Denki (星野電機)", "星野電機"),
        ("brand.domains", "platform", "hoshino-denki.example", "hoshino-denki.example"),
        ("brand.accounts", "platform", "meta:108855443322110", "meta:108855443322110"),
        ("brand.pages", "platform", "https://hoshino-denki.example/", "https://hoshino-denki.example/"),
        ("trademark.marks", "platform", "星野電機", "星野電機"),
        ("trademark.numbers", "platform", "登録第0000001号", "登録第0000001号"),
        ("trademark.offices", "platform", "JPO", "JPO"),
        ("trademark.classes", "platform", "class 7, 11", "第7類、第11類"),
        ("trademark.goods", "platform", "エアコン、扇風機", "エアコン、扇風機"),
        ("targets", "registrar", SHOP, SHOP),
        ("targets", "payee", BANK, BANK),
        ("target.hosts", "cdn", SHOP, SHOP),
        (
            "target.addresses",
            "cdn",
            "203.0.113.7 port 443 2026-11-24 09:00:02 UTC (18:00:02 Asia/Tokyo)",
            "203.0.113.7 ポート443 2026-11-24 18:00:02（日本時間、UTC 09:00:02）",
        ),
        ("ad.ids", "platform", "ad-501", "ad-501"),
        ("ad.links", "platform", LINK, LINK),
        ("advertiser.name", "platform", "Hoshino Denki Outlet 公式", "Hoshino Denki Outlet 公式"),
        ("advertiser.id", "advertiser", "1088554433", "1088554433"),
        ("advertiser.payer", "advertiser", "QX Trade Ltd", "QX Trade Ltd"),
        ("publisher.pages", "platform", None, None),
        ("landing.urls", "platform", LANDING, LANDING),
        ("landing.domain", "platform", SHOP, SHOP),
        ("registrar.name", "registrar", "Example Registrar, Inc.", "Example Registrar, Inc."),
        ("registered.on", "registrar", "2026-11-15", "2026-11-15"),
        ("network.name", "platform", None, None),
        (
            "handoffs",
            "platform",
            f"LINE account: {LINE_ID}",  # a bank account is nothing that a platform can act on
            f"LINEアカウント：{LINE_ID}",
        ),
        ("seen.first", "platform", SEEN, "2026-11-24 18:00:00（日本時間、UTC 09:00:00）"),
        ("seen.last", "platform", SEEN, "2026-11-24 18:00:00（日本時間、UTC 09:00:00）"),
        ("countries", "platform", "Japan", "日本"),
        ("evidence.list", "platform", None, None),
        ("reference", "platform", "MK-1-TESTTEST", "MK-1-TESTTEST"),
    ],
)
def test_facts_of_a_case(stage: Stage, name: Fact, kind: str, english: str | None, japanese: str | None) -> None:
    story = story_of(stage)
    actor = actor_of(story, kind)
    assert fact(name, context_of(stage, story, actor, channel_of(), "en")) == english
    assert fact(name, context_of(stage, story, actor, channel_of(), "ja")) == japanese


@pytest.mark.parametrize(
    ("name", "english", "japanese"),
    [
        (
            "offer.summary",
            f"Content that presents itself as Hoshino Denki is shown on Meta and leads people to {LANDING}, naming "
            f"the LINE account {LINE_ID} for contact or payment; it does not come from "
            "Hoshino Denki Co., Ltd., which has not authorised it.",
            f"「星野電機」を名乗る表示がMeta上で行われ、閲覧者を {LANDING} へ誘導し、LINEアカウント「{LINE_ID}」"
            "を連絡先または支払先として示しています。これは権利者である星野電機株式会社によるものではなく、権利者が許諾した事実もありません。",
        ),
        (
            "statement.accuracy",
            "The information in this notice is accurate to the best of my knowledge.",
            "本申告の記載内容は、申告者の知る限り正確です。",
        ),
        (
            "statement.authority",
            "I act for Hoshino Denki Co., Ltd., the owner of the rights named in this notice.",
            "申告者は、本申告に記載した権利の権利者である星野電機株式会社として本申告を行います。",
        ),
    ],
)
def test_sentences_that_fill_a_field_alone(stage: Stage, name: Fact, english: str, japanese: str) -> None:
    story = story_of(stage)
    platform = actor_of(story, "platform")
    assert fact(name, context_of(stage, story, platform, channel_of(), "en")) == english
    assert fact(name, context_of(stage, story, platform, channel_of(), "ja")) == japanese


def test_statements_stand_in_the_text_only_where_the_form_asks_for_them(stage: Stage) -> None:
    story = story_of(stage)
    platform = actor_of(story, "platform")
    asking = channel_of(field=[{"key": "ok", "label": {"en": "OK", "ja": "可"}, "fill": "statement.accuracy"}])
    silent = fact("description", context_of(stage, story, platform, channel_of()))
    asked = fact("description", context_of(stage, story, platform, asking))
    assert silent is not None
    assert asked is not None
    assert "best of my knowledge" not in silent
    assert "best of my knowledge" in asked
    assert "good faith" not in asked


def test_what_nobody_knows_is_nothing(stage: Stage) -> None:
    story = story_of(stage)
    bare = branded(
        replace(story, registrations={}, case=replace(story.case, items=(), visits=())),
        domains=(),
        accounts=(),
        trademark=(),
    )
    actor = replace(actor_of(story, "platform"), targets=(), links=())
    known = {name for name in FACTS if fact(name, context_of(stage, bare, actor, channel_of())) is not None}
    assert known == {
        *("filer.name", "filer.organization", "filer.address", "filer.country", "filer.email", "filer.phone"),
        *("filer.signature", "filer.relation", "owner.name", "owner.address", "owner.country", "owner.email"),
        *("brand.name", "offer.summary", "description", "reference"),
        *("statement.good_faith", "statement.accuracy", "statement.authority"),
    }


def test_facts_are_of_the_actors_part_alone(stage: Stage) -> None:
    story = story_of(stage)
    youtube = context_of(stage, story, actor_of(story, "platform", "youtube"), channel_of())
    assert fact("ad.ids", youtube) == "yt-77"
    assert fact("advertiser.payer", youtube) is None
    assert fact("countries", youtube) is None
    assert fact("landing.urls", youtube) is None  # its link was not followed


def test_an_ad_of_another_platform_is_nothing_of_this_one_though_both_lead_to_one_link(stage: Stage) -> None:
    story = with_item(story_of(stage), 1, links=(LINK,))
    assert story.case.items[1].item.platform == "youtube"
    assert fact("ad.ids", context_of(stage, story, actor_of(story, "platform", "meta"), channel_of())) == "ad-501"


def test_the_brands_own_pages_and_accounts_are_no_landing_and_no_account(stage: Stage) -> None:
    story = story_of(stage)
    texts = tuple(replace(text, text="お問い合わせ 0120-000-000") for text in story.case.items[2].item.texts)
    own = with_item(story, 2, url="https://hoshino-denki.example/sale", texts=texts)
    everyone = context_of(stage, own, actor_of(story, "everyone"), channel_of())
    assert fact("landing.urls", everyone) == LANDING


def test_an_expired_trademark_fills_nothing(stage: Stage) -> None:
    story = story_of(stage)
    [mark] = story.brand.trademark
    past = mark.model_copy(update={"number": "登録第0000002号", "until": story.told_at.date().replace(day=23)})
    two = branded(story, trademark=(past, mark))
    context = context_of(stage, two, actor_of(story, "platform"), channel_of())
    assert fact("trademark.numbers", context) == "登録第0000001号"
    assert "0000002" not in (fact("description", context) or "")
