"""Readers of notices: what each is told, in which order and language; and steps that nobody takes unasked."""

import re
from dataclasses import replace
from datetime import datetime

import pytest
from click.testing import CliRunner

from alerts.message import Language
from cli import main
from detector.evidence import Evidence
from storage.database import snapshot
from storage.notice_views import NoticeView
from storage.notices import notices_of
from takedown.catalogue import load_catalogue
from takedown.channel import Channel, Kind
from takedown.story import Story
from takedown.translation import observed_in
from tests.takedown.drafts import actor_of, channel_of, drafted, lacks, story_of
from tests.takedown.stage import ADVERTISER, BANK, LINE_ID, SHOP, Stage
from tests.takedown.test_drafting import file_it

BITS = "画像ハッシュ64ビット中"
ASKS = {"en": "\nWhat we ask\n", "ja": "\n【依頼事項】\n"}
FACTS = {
    "en": re.compile(r"^(What was shown|How people get there|Machines that answered|Evidence kept)", re.M),
    "ja": re.compile(r"^【(表示されていた内容|誘導の経路|応答したサーバー|証拠)", re.M),
}


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(
    ("template", "actor"),
    [
        *((name, "platform") for name in ("trademark", "impersonation", "scam_ad", "marketplace")),
        ("chat_account", "chat"),
        ("payee", "payee"),
        ("registrar_abuse", "registrar"),
        ("hosting_abuse", "host"),
        ("cdn_abuse", "cdn"),
        *((name, "everyone") for name in ("phishing", "association", "authority", "police")),
    ],
)
def test_what_is_asked_stands_before_the_facts(stage: Stage, template: str, actor: str, language: Language) -> None:
    body = drafted(stage, story_of(stage), actor_of(story_of(stage), actor), channel_of(template), language).body
    asked, facts = body.index(ASKS[language]), FACTS[language].search(body)
    assert facts is not None
    assert asked < facts.start()
    assert body[:asked].count("\n") < 20


@pytest.mark.parametrize(
    ("kind", "actor", "line", "bank", "advertiser"),
    [
        ("registrar", "registrar", False, False, False),
        ("host", "host", False, False, False),
        ("cdn", "cdn", False, False, False),
        ("blocklist", "everyone", False, False, False),
        ("platform", "platform", True, False, True),
        ("chat", "chat", True, False, False),
        ("payment", "payee", True, True, False),
        ("association", "everyone", True, True, True),
        ("authority", "everyone", True, True, True),
        ("police", "everyone", True, True, True),
    ],
)
def test_accounts_and_advertisers_are_told_to_those_who_can_act_on_them(
    stage: Stage, kind: Kind, actor: str, line: bool, bank: bool, advertiser: bool
) -> None:
    story = story_of(stage)
    body = drafted(stage, story, actor_of(story, actor), channel_of("association", kind=kind)).body
    assert ("QX Trade Ltd" in body) == (f"id {ADVERTISER}" in body)  # who pays is told to the same
    assert (LINE_ID in body, BANK in body, f"id {ADVERTISER}" in body) == (line, bank, advertiser)


@pytest.mark.parametrize("key", ["registrar", "host", "cloudflare-phishing", "npa-cyber", "meta-brand-rights"])
def test_a_japanese_text_has_no_english_words_of_ours(stage: Stage, key: str) -> None:
    channel = load_catalogue(None).get(key).model_copy(update={"languages": ("ja",)})
    story = story_of(stage)
    kinds = {"registrar": "registrar", "host": "host", "cloudflare-phishing": "cdn", "npa-cyber": "everyone"}
    body = drafted(stage, story, actor_of(story, kinds.get(key, "platform")), channel, "ja").body
    assert not re.search(r"paid by|\bdesk\b|\btelephone\b|Asia/Tokyo", body)
    assert "閲覧環境：パソコン" in body
    assert ("（支払者：QX Trade Ltd）」" in body) == (key in ("npa-cyber", "meta-brand-rights"))


def test_who_is_told_first_reads_no_claim_that_nobody_proved(stage: Stage) -> None:
    story = story_of(stage)
    for template, actor in (("registrar_abuse", "registrar"), ("scam_ad", "platform"), ("chat_account", "chat")):
        notice = drafted(stage, story, actor_of(story, actor), channel_of(template), "ja")
        said = f"{notice.title}\n{notice.body}"
        assert all("疑い" in said[one.start() - 8 : one.end() + 4] for one in re.finditer("詐欺", said))
        assert not re.search("詐欺的|欺く|あり得ない", said)


def test_the_fsa_is_asked_to_pass_it_on_and_gets_the_account_alone(stage: Stage) -> None:
    notice = drafted(
        stage, story_of(stage), actor_of(story_of(stage), "payee"), load_catalogue(None).get("fsa-accounts"), "ja"
    )
    assert "金融機関および捜査機関への提供" in notice.body
    assert "取引停止" not in notice.body
    assert next(one.value for one in notice.fields if one.key == "account") == BANK


@pytest.mark.parametrize(
    ("signal", "observed", "told"),
    [
        ("advertiser.uses_name", "星野電機 公式 (paid by QX Trade Ltd)", "星野電機 公式（支払者：QX Trade Ltd）"),
        ("page.price", "4,990円 (83 % off)", "4,990円（83%引き）"),
        (
            "page.seller_missing",
            "“購入”, and no 特定商取引法に基づく表記",
            "購入（特定商取引法に基づく表記は見当たらず）",
        ),
        ("page.young_domain", "registered on 2026-11-15, 9 days before", "2026-11-15登録（確認の9日前）"),
        ("page.young_certificate", "valid from 2026-11-15, 9 days before", "有効期間の開始 2026-11-15（確認の9日前）"),
        ("page.card", "fields card, name, sent to https://a.test/", "入力欄：card, name、送信先：https://a.test/"),
        ("page.login", "fields password", "入力欄：password"),
        ("page.hides", "packed scripts", "圧縮されたスクリプト"),
        (
            "picture.copy",
            "3 parts at the same places, 4 of 64 hash bits differ",
            "3か所が同じ位置（画像ハッシュ64ビット中4ビットが相違）",
        ),
        (
            "picture.copy",
            "the whole picture, 0 of 64 hash bits differ",
            f"画像全体（{BITS}0ビットが相違）",
        ),
        (
            "picture.seen_before",
            "the picture of case 12, 3 of 64 hash bits differ",
            f"案件12の画像（{BITS}3ビットが相違）",
        ),
        ("picture.logo", "whole, white on black, filled, likeness 0.93", "全体・白（黒地）・塗りつぶし（類似度 0.93）"),
        ("setting.fraud", "the word “sale” in its name", "名前に「sale」を含む"),
        ("setting.fraud", "the brand's name in its name", "名前にブランド名を含む"),
        ("setting.honest", "on youtube", "YouTube上"),
        ("setting.honest", "no link", "リンクなし"),
        ("name.sender", "X (paid by Y)", "X (paid by Y)"),  # a quotation
    ],
)
def test_what_a_signal_saw_is_told_in_japanese(signal: str, observed: str, told: str) -> None:
    found = Evidence(signal=signal, weight=1.0, strength=1.0, observed=observed, expected="", says="")
    assert observed_in("ja", found) == told
    assert observed_in("en", found) == observed


# --- steps that somebody decides on -------------------------------------------------------------------------------


def icann() -> Channel:
    return load_catalogue(None).get("icann-compliance")


def told_registrar(stage: Stage) -> tuple[Story, NoticeView]:
    """Return the story once the registrar has been told, and that notice."""
    story = story_of(stage)
    file_it(stage, drafted(stage, story, actor_of(story, "registrar", SHOP), load_catalogue(None).get("registrar")))
    known = story_of(stage)
    return known, known.notices[0]


def test_icann_is_told_only_once_the_registrar_was(stage: Stage) -> None:
    story = story_of(stage)
    assert lacks(stage, story, actor_of(story, "registrar", SHOP), icann()) == [
        "the registrar has not been told of it: file a notice there first, and see what comes of it"
    ]
    known, _ = told_registrar(stage)
    assert lacks(stage, known, actor_of(known, "registrar", SHOP), icann()) == []
    other = replace(known, notices=(replace(known.notices[0], subject="other.test", targets=("other.test",)),))
    assert lacks(stage, other, actor_of(known, "registrar", SHOP), icann()) != []


def test_icann_reads_what_the_registrar_was_told_and_what_came_of_it(stage: Stage) -> None:
    known, before = told_registrar(stage)
    notice = drafted(stage, known, actor_of(known, "registrar", SHOP), icann())
    assert notice.title == f"Registrar compliance: {SHOP} is still in use after an abuse report"
    assert f"- {before.reference} (the registrar's reference: CASE-88), sent at 2026-11-24 11:00:00 UTC" in notice.body
    assert "; no answer on record" in notice.body
    assert "section 3.18 of its Registrar Accreditation Agreement" in notice.body
    assert "clientHold" not in notice.body
    refused = replace(known, notices=(replace(before, state="refused", refused_for="not ours"),))
    assert "; answer: “not ours”" in drafted(stage, refused, actor_of(known, "registrar", SHOP), icann()).body
    at = datetime.fromisoformat("2026-11-25T01:00:00+00:00")
    answered = replace(known, notices=(replace(before, answered_at=at),))
    both = icann().model_copy(update={"languages": ("en", "ja")})
    body = drafted(stage, answered, actor_of(known, "registrar", SHOP), both, "ja").body
    assert "回答受領 2026-11-25 10:00:00（日本時間、UTC 01:00:00）" in body
    assert "登録事業者であるExample Registrar, Inc.に報告しましたが" in body


def test_a_dispute_about_a_name_is_material_and_no_complaint(stage: Stage) -> None:
    channel = load_catalogue(None).get("udrp-wipo").model_copy(update={"languages": ("en", "ja")})
    story = story_of(stage)
    japanese = drafted(stage, story, actor_of(story, "registry", SHOP), channel, "ja")
    assert "申立書ではなく、要件を満たすかどうかの判断は含みません" in japanese.body
    english = drafted(stage, story, actor_of(story, "registry", SHOP), channel)
    assert "- Registered on 2026-11-15 (registrar: Example Registrar, Inc.)" in english.body
    assert "terms" not in english.body


def test_what_costs_a_fee_or_fits_some_cases_alone_is_not_drafted_with_all_others(stage: Stage) -> None:
    deliberate = {channel.key for channel in load_catalogue(None) if channel.deliberate}
    assert deliberate >= {"udrp-wipo", "urs", "jp-drp", "icann-compliance", "fsa-sns-ads"}
    told_registrar(stage)
    arguments = ["takedown", "draft", str(stage.case), "--as", "keiko", "-c", str(stage.folder / "mekiki.toml")]
    CliRunner().invoke(main, [*arguments, "--all"])
    with snapshot(stage.engine) as session:
        drawn = {one.channel for one in notices_of(session, stage.case)}
    assert len(drawn) > 8
    assert not drawn & deliberate
    named = CliRunner().invoke(main, [*arguments, "--channel", "udrp-wipo"])
    assert "Material for a domain name complaint" in named.output
