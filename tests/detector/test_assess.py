import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.assess import MOST_OBSERVATIONS, Assessor
from detector.brands import BrandProfile, Ownership, Scope
from detector.items import Advertiser, Item, Text
from detector.policy import POLICY
from detector.verdict import Verdict, encode_verdict
from tests.detector.hoshino import HOSHINO, ON

ASSESSOR = Assessor([HOSHINO])
NORTH = BrandProfile(key="north", name="北海家電", domains=("hokkai-kaden.example",))


def ad(text: str, *links: str) -> Item:
    return Item(id="1", kind="ad", texts=(Text(role="body", text=text),), links=links)


def judge(item: Item, on: date = ON) -> Verdict:
    (verdict,) = ASSESSOR.assess(item, on=on)
    return verdict


def signals(verdict: Verdict) -> set[str]:
    return {evidence.signal for evidence in verdict.evidence}


def test_nothing_about_the_brand_gives_no_verdict() -> None:
    assert ASSESSOR.assess(ad("期間限定セール、友だち追加はこちら", "https://shop.example/"), on=ON) == ()


def test_a_name_alone_is_a_mention() -> None:
    verdict = judge(ad("星野電機"))
    assert verdict.decision == "mention"
    assert {name for name in signals(verdict) if not name.startswith(("wording.", "setting."))} == {"name.mention"}


def test_the_score_is_replayed_from_the_evidence() -> None:
    verdict = judge(ad("【星野電機】閉店セール 最大90%OFF", "https://hoshino-denki-sale.test/"))
    log_odds = POLICY.bias + sum(evidence.weight for evidence in verdict.evidence)
    assert verdict.score == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-6)
    assert verdict.policy == POLICY.version
    assert verdict.decision == "impersonation"


def test_a_signal_counts_once_and_shows_a_few_places() -> None:
    verdict = judge(ad("星野電機 " * 8))
    mentions = [evidence for evidence in verdict.evidence if evidence.signal == "name.mention"]
    assert len(mentions) == MOST_OBSERVATIONS
    assert [bool(evidence.weight) for evidence in mentions] == [True] + [False] * (MOST_OBSERVATIONS - 1)


def test_best_score_comes_first() -> None:
    item = ad("星野電機と北海家電", "https://hokkai-kaden-sale.test/")
    assert [verdict.brand for verdict in Assessor([HOSHINO, NORTH]).assess(item, on=ON)] == ["north", "hoshino"]


@pytest.mark.parametrize("url", ["hoshino-denki.example", "https://www.hoshino-denki.example/閉店セール/login"])
@pytest.mark.parametrize("kind", ["page", "domain"])
def test_official_hosts_are_official_whatever_they_say(url: str, kind: str) -> None:
    texts = (Text(role="body", text="星野電機 閉店セール LINEで友だち追加 本人確認 利用停止 急騰銘柄"),)
    verdict = judge(Item(id="1", kind=kind, url=url, texts=texts))  # type: ignore[arg-type]
    assert verdict.decision == "official"
    assert "domain:hoshino-denki.example" in verdict.evidence[-1].expected


def test_path_entries_end_at_a_slash() -> None:
    assert judge(Item(id="1", kind="page", url="https://mall.example/hoshino/sale")).decision == "official"
    for url in ("https://mall.example/hoshinosale", "https://mall.example/", "https://x.mall.example/hoshino/"):
        assert not any(
            verdict.decision == "official" for verdict in ASSESSOR.assess(Item(id="1", kind="page", url=url), on=ON)
        )


def test_expired_entries_do_not_count_and_are_told() -> None:
    item = ad("星野電機の扇風機", "https://yamada-outlet.example/")
    assert "official.partner" in signals(judge(item))
    late = judge(item, on=date(2027, 4, 1))
    assert "official.partner" not in signals(late)
    (told,) = [evidence for evidence in late.evidence if evidence.signal == "official.expired"]
    assert "expired on 2027-03-31" in told.expected
    assert late.score > judge(item).score


def test_a_shared_host_is_never_trusted_whole() -> None:
    for value in ("facebook.com", "workers.dev"):
        brand = replace(HOSHINO, ownership=(Ownership(who="own", scope=Scope.parse(f"domain:{value}")),))
        item = Item(id="1", kind="page", url=f"https://x.{value}/a", texts=(Text(role="body", text="星野電機"),))
        (verdict,) = Assessor([brand]).assess(item, on=ON)
        assert verdict.decision == "mention"


def test_official_destination_needs_all_links() -> None:
    own, foreign = "https://shop.hoshino-denki.example/a", "https://qx.test/"
    text = "星野電機 公式 夏のセール"
    assert judge(ad(text, own)).decision == "official"
    assert "official.destination" not in signals(judge(ad(text, own, foreign)))
    assert "official.destination" not in signals(judge(ad(f"{text} https://qx.test/", own)))
    assert "official.destination" not in signals(judge(ad(text, own, "https://bit.ly/x")))


def test_official_links_clear_less_when_a_chat_is_offered() -> None:
    own = "https://hoshino-denki.example/"
    assert judge(ad("星野電機 LINEグループに参加", own)).score > judge(ad("星野電機 セール", own)).score


def test_own_account_is_official() -> None:
    item = Item(
        id="1", kind="post", platform="youtube", advertiser=Advertiser(id="@HoshinoDenki", name="Hoshino Denki")
    )
    assert judge(item).decision == "official"


def test_a_name_is_no_account() -> None:
    item = Item(id="1", kind="post", platform="youtube", advertiser=Advertiser(id="@other", name="@hoshinodenki"))
    assert "official.account" not in signals(judge(item))


def test_a_hijacked_account_is_still_looked_at() -> None:
    item = Item(
        id="1", kind="post", platform="youtube", advertiser=Advertiser(id="@hoshinodenki", name="星野電機"),
        texts=(Text(role="body", text="星野電機より 至急ログインして本人確認 友だち追加"),),
        links=("https://hoshino-denki-login.test/",),
    )  # fmt: skip
    assert judge(item).flagged


def test_fingerprint_changes_with_profile_and_policy_only() -> None:
    assert Assessor([HOSHINO]).fingerprint == ASSESSOR.fingerprint
    assert Assessor([replace(HOSHINO, products=())]).fingerprint != ASSESSOR.fingerprint
    assert Assessor([HOSHINO], replace(POLICY, bias=-1.0)).fingerprint != ASSESSOR.fingerprint


def test_no_brands_judge_nothing() -> None:
    assert Assessor([]).assess(ad("星野電機", "https://hoshino-denki.test/"), on=ON) == ()


ADDED = st.sampled_from(
    ["閉店セール", "90%OFF", "本人確認", "利用停止", "友だち追加", "当選", "公式", "guaranteed profit", "セール"]
)


@given(st.lists(ADDED, max_size=4), ADDED)
def test_more_incriminating_words_never_weigh_less(words: list[str], more: str) -> None:
    less = "星野電機 " + "。".join(words)
    assert by_lexicon(judge(ad(f"{less}。{more}"))) >= by_lexicon(judge(ad(less))) - 1e-9


def by_lexicon(verdict: Verdict) -> float:
    """Return what all but the learned phrases weigh: those judge a text as a whole."""
    return sum(one.weight for one in verdict.evidence if not one.signal.startswith(("wording.", "setting.")))


@given(st.lists(ADDED, max_size=3))
def test_a_worse_link_never_lowers_the_score(words: list[str]) -> None:
    text = "星野電機 " + "。".join(words)
    scores = [judge(ad(text, link)).score for link in ("https://shop.example/", "https://hoshino-denki-sale.test/")]
    assert scores == sorted(scores)


ANY = st.text(alphabet=st.characters(codec=None), max_size=40)
MIXED = st.one_of(ANY, st.sampled_from(["星野電機", "hoshino-denki.test", "https://hoshino-denki-sale.test/", "HD"]))


@settings(max_examples=150, deadline=timedelta(seconds=2))
@given(st.data())
def test_any_item_survives(data: st.DataObject) -> None:
    item = Item(
        id="1",
        kind=data.draw(st.sampled_from(["ad", "post", "comment", "page", "domain"])),
        platform=data.draw(st.none() | MIXED),
        url=data.draw(st.none() | MIXED),
        texts=tuple(Text(role="body", text=text) for text in data.draw(st.lists(MIXED, max_size=3))),
        links=tuple(data.draw(st.lists(MIXED, max_size=3))),
        display_url=data.draw(st.none() | MIXED),
        images=tuple(data.draw(st.lists(MIXED, max_size=2))),
        advertiser=Advertiser(id=data.draw(st.none() | MIXED), name=data.draw(st.none() | MIXED)),
    )
    for verdict in ASSESSOR.assess(item, on=ON):
        assert 0.0 <= verdict.score <= 1.0
        assert verdict.evidence
        if all(text.isprintable() for text in (*item.links, *(one.text for one in item.texts))):
            assert encode_verdict(verdict)


def test_half_a_character_in_a_registered_account_judges_like_any_other() -> None:
    odd = replace(HOSHINO, ownership=(Ownership(who="reseller", scope=Scope.parse("advertiser:meta:\ud800")),))
    assert Assessor((odd,)).fingerprint != Assessor((HOSHINO,)).fingerprint
