"""Drafts: what a complete notice says, what refuses one, what is cut and how it is said."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from alerts.message import Language
from safety.screen import defang
from storage.database import transaction
from storage.judgements import Judgement, judge
from storage.notices import begin_sending, filed, save_draft
from takedown.catalogue import load_catalogue
from takedown.notice import XARF, Notice
from takedown.story import Story
from takedown.texts import TextFailed
from tests.takedown.drafts import (
    HOSTILE,
    LATER,
    actor_of,
    channel_of,
    configured,
    drafted,
    field,
    story_of,
    with_item,
)
from tests.takedown.stage import BANK, CANARY, HOP, LANDING, LINE_ID, LINK, SHOP, Stage

# A channel of the catalogue, the kind of actor, and what a reader there must find in the text in each language.
GOLDEN: Sequence[tuple[str, str, Sequence[str], Sequence[str]]] = (
    (
        "meta-brand-rights",
        "platform",
        (
            "Suspected scam advertising in the name of Hoshino Denki (星野電機) on Meta",
            "Ad on Meta, ad-501",
            "Placed by: Hoshino Denki Outlet 公式, id 1088554433, paid for by QX Trade Ltd",
            "Please stop the advertising listed",
            "JPO 登録第0000001号, class 7, 11",
        ),
        (
            "【なりすまし広告の申告】「星野電機」を騙る詐欺の疑いのある広告について（Meta）",
            "Metaの広告　ad-501",
            "出稿者・表示名：Hoshino Denki Outlet 公式（ID：1088554433）、支払者：QX Trade Ltd",
            "広告の配信停止",
            "登録第0000001号（JPO、第7類、第11類",
        ),
    ),
    (
        "meta-trademark",
        "advertiser",
        (
            "Trademark notice",
            "advertiser account 1088554433 (Hoshino Denki Outlet 公式)",
            "notice of trademark infringement",
        ),
        (
            "【商標権侵害の申告】",
            "広告主アカウント　1088554433（Hoshino Denki Outlet 公式）",
            "商標権の侵害として申告します",
        ),
    ),
    (
        "registrar",
        "registrar",
        (
            "To: Example Registrar, Inc., abuse team",
            "registered through you",
            f"Domain name: {SHOP}",
            "Registered on: 2026-11-15",
            "section 3.18 of the ICANN Registrar Accreditation Agreement",
            "203.0.113.7, port 443",
            "clientHold",
        ),
        (
            "Example Registrar, Inc.　不正利用（abuse）ご担当者様",
            "貴社を通じて登録されたドメイン名",
            f"ドメイン名：{SHOP}",
            "登録日：2026-11-15",
            "ICANNレジストラ認定契約（RAA）第3.18条",
            "203.0.113.7、ポート443",
            "clientHold",
        ),
    ),
    (
        "cloudflare-phishing",
        "cdn",
        (
            "To: Cloudflare",
            "We cannot see the machine behind your network",
            "tell us which hosting provider is behind it",
            LANDING,
        ),
        (
            "Cloudflare　ご担当者様",
            "配信元のサーバーは、申告者には確認できていません",
            "ホスティング事業者のご教示",
            LANDING,
        ),
    ),
    (
        "line-account",
        "chat",
        (f"LINE account {LINE_ID}", "lead people to the account below", "suspend it"),
        (f"LINEアカウント　{LINE_ID}", "閲覧者を下記【対象】のアカウントへ誘導しています", "利用停止"),
    ),
    (
        "fsa-accounts",
        "payee",
        (f"Bank account {BANK}", "We do not know whether anybody has paid"),
        (f"銀行口座　{BANK}", "実際に支払いをした方がいるかどうかは、申告者には分かりません"),
    ),
    (
        "antiphishing-japan",
        "everyone",
        ("for analysis, warning and sharing", f"Bank account: {BANK}", "hxxps://hoshino-denki-sale[.]test/lp/order"),
        ("分析、注意喚起および関係先との共有のため", f"銀行口座：{BANK}", "hxxps://hoshino-denki-sale[.]test/lp/order"),
    ),
    (
        "caa-platforms",
        "everyone",
        ("measures within your competence", "do not know whether anybody has suffered a loss", LANDING),
        ("ご所管の法令に基づく対応の要否", "被害の有無は、申告者には分かりません", LANDING),
    ),
    (
        "npa-cyber",
        "everyone",
        ("suspected fraud", "We hold the records named below unchanged", HOP),
        ("詐欺の疑い", "ハッシュ値とともに変更を加えずに保全", HOP),
    ),
    (
        "apwg",
        "everyone",
        (f"Deceptive site in the name of Hoshino Denki (星野電機): {SHOP}", "warn people of them, or block them"),
        ("【偽サイトの申告】", "警告表示または遮断"),
    ),
)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden[0])
def test_a_notice_tells_a_reader_there_what_it_is_about_and_what_is_asked(
    stage: Stage, golden: tuple[str, str, Sequence[str], Sequence[str]], language: Language
) -> None:
    key, kind, english, japanese = golden
    channel = load_catalogue(None).get(key).model_copy(update={"languages": ("en", "ja")})
    story = story_of(stage)
    actor = actor_of(story, kind)
    notice = drafted(stage, story, actor, channel, language)
    text = f"{notice.title}\n{notice.body}"
    assert [sentence for sentence in (english if language == "en" else japanese) if sentence not in text] == []
    assert notice.reference in notice.body
    assert "\n" not in notice.title
    owner = "Hoshino Denki Co., Ltd." if language == "en" else "星野電機株式会社"
    reviewed = "confirmed on 2026-11-24" if language == "en" else "2026-11-24に内容を確認し"
    assert owner in notice.body
    assert reviewed in notice.body
    listed = [file for file in notice.attachments if file.kind != XARF]  # that one is for machines, not for readers
    assert all(file.sha256 in notice.body and file.name in notice.body for file in listed)
    assert not re.search(r"None|\{\{|\{%|\n{3}|[ \t]\n|\.\.", text)
    assert CANARY not in repr(notice)
    assert (notice.actor, notice.subject, notice.targets) == (actor.kind, actor.subject, actor.targets)
    required = {one.key for one in channel.field if one.required}
    assert [one.key for one in notice.fields if one.key in required and one.value is None and not one.note] == []
    assert invented(notice, story, stage) == []


def invented(notice: Notice, story: Story, stage: Stage) -> list[str]:
    """Return the numbers of four digits and more that are in a notice, but in nothing that it is made of."""
    known = f"{story!r}{stage.config!r}{notice.reference}{LATER:%Y-%m-%d}{notice.attachments!r}"
    said = "\n".join((notice.title, notice.body, *(one.value or "" for one in notice.fields)))
    return [number for number in re.findall(r"\d{4,}", said) if number not in known]


def test_a_number_that_nobody_gave_is_found(stage: Stage) -> None:
    notice = drafted(stage, story_of(stage), actor_of(story_of(stage), "platform"), channel_of())
    assert invented(replace(notice, body=f"{notice.body} 登録第6543210号"), story_of(stage), stage) == ["6543210"]


def test_the_exact_click_url_stands_in_fields_and_text_byte_for_byte(stage: Stage) -> None:
    channel = channel_of(field=[field("ad.links", key="links"), field("targets", key="targets")])
    notice = drafted(stage, story_of(stage), actor_of(story_of(stage), "platform"), channel)
    assert notice.fields[0].value == LINK
    assert LINK in notice.body
    inert = drafted(stage, story_of(stage), actor_of(story_of(stage), "platform"), channel_of(defang=True))
    assert LINK not in inert.body
    assert defang(LINK) in inert.body


@pytest.mark.parametrize(
    ("kind", "address", "says"),
    [
        ("registrar", "contact", "a domain name registered through you that"),
        ("registry", "contact", "a domain name in your registry that"),
        ("registry", "compliance@icann.example", "a domain name registered through Example Registrar, Inc. that"),
        ("authority", "cert@cert.example", "a domain name registered through Example Registrar, Inc. that"),
    ],
)
def test_a_report_on_a_domain_tells_its_reader_whose_it_is(stage: Stage, kind: str, address: str, says: str) -> None:
    channel = channel_of("registrar_abuse", kind=kind, way="email", address=address)
    assert says in drafted(stage, story_of(stage), actor_of(story_of(stage), "registrar", SHOP), channel).body


def test_what_proves_nothing_to_others_is_not_told_as_a_finding(stage: Stage) -> None:
    story = story_of(stage)
    found = {one.signal for one in story.case.items[0].verdict.evidence}
    assert {"wording.fraud", "name.mention", "host.combosquat"} <= found
    body = drafted(stage, story, actor_of(story, "platform"), channel_of()).body
    assert "The host carries the brand's name" in body
    assert "worded like known impersonations" not in body
    assert "The text names the brand" not in body


def test_an_ad_without_an_address_is_named_by_its_id(stage: Stage) -> None:
    story = story_of(stage)
    notice = drafted(stage, story, actor_of(story, "platform", "youtube"), channel_of(field=[field("targets")]), "ja")
    assert "1. 広告・投稿ID yt-77" in notice.body
    assert notice.fields[0].value == "yt-77"


def test_what_was_passed_on_the_way_is_not_said_to_show_the_offer(stage: Stage) -> None:
    story = story_of(stage)
    redirect = actor_of(story, "redirect")
    english, japanese = (
        drafted(stage, story, redirect, channel_of("hosting_abuse"), language).body for language in ("en", "ja")
    )
    assert "passes people on to a site" in english
    assert "A site on your network" not in english
    assert "への転送に使用されています" in japanese


# --- limits -------------------------------------------------------------------------------------------------------


def test_more_targets_than_a_form_takes_are_left_for_the_next_notice(stage: Stage) -> None:
    story = story_of(stage)
    urls = tuple(f"https://{SHOP}/p/{number}" for number in range(5))
    actor = replace(actor_of(story, "everyone"), targets=urls)
    channel = channel_of("phishing", limits={"targets": 2})
    notice = drafted(stage, story, actor, channel)
    assert notice.targets == urls[:2]
    assert urls[2] not in notice.body
    assert notice.notes == ("3 of 5 targets do not fit: once this is filed, draft the rest with --again",)
    file_it(stage, notice)
    later = drafted(stage, story_of(stage), actor, channel)
    assert later.targets == urls[2:4]
    assert later.reference != notice.reference


def file_it(stage: Stage, notice: Notice) -> int:
    """Put a notice on record as filed."""
    with transaction(stage.engine) as session:
        judge(session, stage.case, Judgement(who="keiko", action="takedown", approvers=()), now=LATER)
        number = save_draft(session, msgspec.to_builtins(notice), who="keiko", now=LATER)
        begin_sending(session, number, who="keiko", approvers=(), now=LATER)
        filed(session, number, who="keiko", now=LATER, due=timedelta(days=3), theirs="CASE-88")
    return number


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_text_is_shortened_from_its_tail_and_keeps_the_facts(stage: Stage, language: Language) -> None:
    story = story_of(stage)
    channel = channel_of(limits={"characters": 2000 if language == "en" else 1100})
    notice = drafted(stage, story, actor_of(story, "platform"), channel, language)
    whole = drafted(stage, story, actor_of(story, "platform"), channel_of(), language)
    assert channel.limits.characters is not None
    assert len(notice.body) <= channel.limits.characters < len(whole.body)
    for kept in (notice.reference, notice.targets[0], LINK, "登録第0000001号", LINE_ID):
        assert kept in notice.body
    assert HOP not in notice.body
    assert len(notice.notes) == 1


def test_a_text_that_cannot_be_short_enough_is_cut_visibly(stage: Stage) -> None:
    notice = drafted(
        stage, story_of(stage), actor_of(story_of(stage), "platform"), channel_of(limits={"characters": 300})
    )
    assert len(notice.body) == 300
    assert notice.body.endswith("(cut here; ask us for the rest)")


def test_fields_are_cut_to_what_the_form_takes_and_say_so(stage: Stage) -> None:
    story = story_of(stage)
    urls = tuple(f"https://{SHOP}/p/{number}" for number in range(9))
    fields = [
        field("targets", key="urls", characters=90),
        field("description", key="text", characters=900),
        field("offer.summary", key="short", characters=40),
        field("filer.email", key="mail", characters=200),
        field(None, key="own"),
        field(None, key="why", choice={"en": "Fraud", "ja": "詐欺"}),
    ]
    notice = drafted(stage, story, replace(actor_of(story, "everyone"), targets=urls), channel_of(field=fields))
    filled = {one.key: one for one in notice.fields}
    assert filled["urls"].value == "\n".join(urls[:2])
    assert filled["urls"].note == "cut: the form takes 90 characters"
    assert len(filled["text"].value or "") <= 900
    assert (filled["short"].value or "").endswith("…")
    assert len(filled["short"].value or "") == 40
    assert (filled["mail"].value, filled["mail"].note) == ("brand-protection@hoshino-denki.example", "")
    assert (filled["own"].value, filled["own"].note) == (None, "fill this in by hand")
    assert (filled["why"].value, filled["why"].note) == (None, "choose: Fraud")


# --- again --------------------------------------------------------------------------------------------------------


def test_a_draft_that_replaces_another_keeps_its_reference(stage: Stage) -> None:
    story = story_of(stage)
    notice = drafted(stage, story, actor_of(story, "platform"), channel_of())
    with transaction(stage.engine) as session:
        number = save_draft(session, msgspec.to_builtins(notice), who="keiko", now=LATER)
    again = drafted(stage, story_of(stage), actor_of(story, "platform"), channel_of())
    assert again.reference == notice.reference
    with transaction(stage.engine) as session:
        assert save_draft(session, msgspec.to_builtins(again), who="ren", now=LATER) == number


def test_what_came_back_names_the_notice_before_it(stage: Stage) -> None:
    story = story_of(stage)
    file_it(stage, drafted(stage, story, actor_of(story, "platform"), channel_of()))
    known = story_of(stage)
    [before] = known.notices
    gone, back = datetime(2026, 11, 25, 3, 0, tzinfo=UTC), datetime(2026, 11, 28, 5, 0, tzinfo=UTC)
    returned = replace(known, notices=(replace(before, state="back", down_at=gone, back_at=back),))
    english = drafted(stage, returned, actor_of(story, "platform"), channel_of())
    assert english.reference != before.reference
    assert f"- {before.reference} (your reference: CASE-88), filed at 2026-11-24 11:00:00 UTC" in english.body
    assert "it was gone at 2026-11-25 03:00:00 UTC" in english.body
    assert "it was back at 2026-11-28 05:00:00 UTC" in english.body
    assert "take measures that last" in english.body
    japanese = drafted(stage, returned, actor_of(story, "platform"), channel_of(), "ja").body
    assert "受付番号：CASE-88" in japanese
    assert "再発を防ぐ措置" in japanese


# --- hostile ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("template", ["scam_ad", "trademark", "police", "registrar_abuse"])
def test_hostile_words_stay_words_on_one_line(stage: Stage, template: str, language: Language) -> None:
    story = story_of(stage)
    texts = tuple(replace(text, text=HOSTILE) for text in story.case.items[0].item.texts)
    advertiser = replace(story.case.items[0].item.advertiser, name=HOSTILE, payer=HOSTILE)  # type: ignore[type-var]
    hostile = with_item(story, 0, texts=texts, advertiser=advertiser)
    fields = [field("advertiser.name", key="a"), field("offer.summary", key="b"), field("handoffs", key="c")]
    channel = channel_of(template, field=fields)
    notice = drafted(stage, hostile, replace(actor_of(story, "platform"), name=HOSTILE), channel, language)
    plain = drafted(stage, story, actor_of(story, "platform"), channel, language)
    said = "\n".join((notice.title, notice.body, *(one.value or "" for one in notice.fields)))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u202e]", said)
    assert "\n" not in notice.title
    assert "\\u{1B}" in said
    assert "{{ reference }}" in said  # a template is no template within a value
    headings = r"(?m)^(?:【.*】|What we ask|Reported|Bcc:.*)$"
    assert re.findall(headings, notice.body) == re.findall(headings, plain.body)


def test_a_hostile_address_stands_in_a_field_as_a_browser_asks_for_it(stage: Stage) -> None:
    story = story_of(stage)
    link = f"https://{SHOP}/\u202e\r\nX: y/あ?q=a b"
    channel = channel_of(field=[field("ad.links")])
    notice = drafted(stage, with_item(story, 0, links=(link,)), actor_of(story, "platform"), channel)
    assert notice.fields[0].value == f"https://{SHOP}/%E2%80%AEX: y/あ?q=a b"


# --- texts of one's own -------------------------------------------------------------------------------------------


def test_a_teams_own_text_takes_the_place_of_the_shipped_one(stage: Stage, tmp_path: Path) -> None:
    own = tmp_path / "notices"
    (own / "ja" / "parts").mkdir(parents=True)
    (own / "ja" / "scam_ad.txt").write_text(
        '{{ brand.name }}の件\n{% include "parts/end.txt" %}{% include "parts/targets.txt" %}', "utf-8"
    )
    (own / "ja" / "parts" / "end.txt").write_text("知財部一同\n", "utf-8")
    config = configured(stage.config, templates=own)
    story = story_of(stage)
    notice = drafted(stage, story, actor_of(story, "platform"), channel_of(), "ja", config=config)
    assert notice.title == "星野電機の件"
    assert notice.body == f"知財部一同\n【対象】\n1. {notice.targets[0]}\n"
    assert drafted(stage, story, actor_of(story, "platform"), channel_of(), "en", config=config).title.startswith(
        "Suspected scam"
    )


@pytest.mark.parametrize(("wrong", "what"), [("1 / 0", "ZeroDivisionError"), ("'x' * 10 ** 17", "MemoryError")])
def test_a_teams_own_text_that_fails_is_named_and_nothing_is_drafted(
    stage: Stage, tmp_path: Path, wrong: str, what: str
) -> None:
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "scam_ad.txt").write_text(f"T\n{{{{ {wrong} }}}}", "utf-8")
    config = configured(stage.config, templates=tmp_path / "notices")
    with pytest.raises(TextFailed, match=rf"the text notices/scam_ad.txt cannot be written \({what}\): mend it"):
        drafted(stage, story_of(stage), actor_of(story_of(stage), "platform"), channel_of(), config=config)
