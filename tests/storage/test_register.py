"""The register that judgements fill: what is entered, what the detector makes of it, and how it ends."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.items import Advertiser, Item, Text
from storage.cases import Judgement, case_detail, judge, undo
from storage.database import transaction
from storage.errors import EntryNotFound, JudgementRefused
from storage.profiles import with_what_was_judged
from storage.register import RegisterEntry, Registering, register_entries, remove_entry
from tests.storage.examples import FAKE_HOST, NOW, an_item, see

TODAY = NOW.date()
END = date(2027, 3, 31)
BRAND = BrandProfile(key="hoshino", name="星野電機", domains=("hoshino-denki.example",))


def dismiss(engine: Engine, case: int, what: str, reason: str = "reseller", until: date = END) -> int:
    entering = Registering(what=what, until=until, note="contract 2026-114")
    with transaction(engine) as session:
        return judge(session, case, Judgement(who="aki", action="dismiss", reason=reason, register=entering), now=NOW)


def entries(engine: Engine, on: date = TODAY, *, everything: bool = False) -> list[RegisterEntry]:
    with transaction(engine) as session:
        return register_entries(session, on=on, everything=everything)


def profile(engine: Engine) -> BrandProfile:
    with transaction(engine) as session:
        [brand] = with_what_was_judged([BRAND], session)
    return brand


@pytest.mark.parametrize(("what", "scope"), [("advertiser", "advertiser:meta:77"), ("domain", f"domain:{FAKE_HOST}")])
def test_a_dismissal_enters_what_it_names(engine: Engine, what: str, scope: str) -> None:
    case = see(engine, an_item()).cases[0]
    log_id = dismiss(engine, case, what)
    [entry] = entries(engine)
    assert (entry.brand, entry.who, entry.scope, entry.until, entry.note) == (
        "hoshino",
        "reseller",
        scope,
        END,
        "contract 2026-114",
    )
    assert (entry.case_id, entry.added_by, entry.added_at) == (case, "aki", NOW)
    with transaction(engine) as session:
        last = case_detail(session, case).log[-1]
    assert last.id == log_id
    assert last.data["register"] == {"who": "reseller", "scope": scope, "until": "2027-03-31", "note": entry.note}


def test_an_account_is_that_of_a_post(engine: Engine) -> None:
    post = an_item(1, kind="post", platform="youtube", advertiser=Advertiser(id="@outlet", name="x"))
    dismiss(engine, see(engine, post).cases[0], "account", "parody")
    [entry] = entries(engine)
    assert (entry.who, entry.scope) == ("parody", "account:youtube:@outlet")


def test_the_detector_judges_by_it_until_its_last_day(engine: Engine) -> None:
    item = an_item()
    case = see(engine, item).cases[0]

    def flagged(on: date) -> bool:
        return any(verdict.flagged for verdict in Assessor([profile(engine)]).assess(item, on=on))

    assert flagged(TODAY)
    dismiss(engine, case, "domain")
    assert not flagged(TODAY)
    assert not flagged(END)
    assert flagged(END + timedelta(days=1))


def test_an_ordinary_ad_of_a_reseller_whose_domain_is_registered_is_not_flagged_tomorrow(engine: Engine) -> None:
    def an_ad(number: int, text: str) -> Item:
        return an_item(number, host="yamada-hoshinodenki.test", texts=(Text(role="body", text=text),))

    def flagged(item: Item) -> bool:
        return any(verdict.flagged for verdict in Assessor([profile(engine)]).assess(item, on=tomorrow))

    tomorrow = TODAY + timedelta(days=1)
    case = see(engine, an_ad(1, "星野電機 閉店セール 90%OFF")).cases[0]
    ordinary = an_ad(2, "星野電機のエアコン、型落ちが20%オフ。取り付け工事も当店にお任せください。送料無料")
    assert flagged(ordinary)
    dismiss(engine, case, "domain")
    assert not flagged(ordinary)


def test_it_ends_by_itself(engine: Engine) -> None:
    dismiss(engine, see(engine, an_item()).cases[0], "domain")
    assert [entry.valid for entry in entries(engine, END)] == [True]
    assert entries(engine, END + timedelta(days=1)) == []
    assert [entry.valid for entry in entries(engine, END + timedelta(days=1), everything=True)] == [False]


def test_undo_takes_it_back(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    dismiss(engine, case, "domain")
    with transaction(engine) as session:
        undo(session, case, who="aki", now=NOW)
    assert entries(engine) == []
    assert profile(engine).ownership == ()
    [gone] = entries(engine, everything=True)
    assert (gone.removed_by, gone.removed_at) == ("aki", NOW)


def test_removing_is_logged_with_the_case_and_done_once(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    dismiss(engine, case, "domain")
    with transaction(engine) as session:
        remove_entry(session, 1, who="ren", note="contract ended", now=NOW)
    assert profile(engine).ownership == ()
    with transaction(engine) as session:
        last = case_detail(session, case).log[-1]
    assert (last.who, last.action, last.note, last.data["scope"]) == (
        "ren",
        "unregister",
        "contract ended",
        f"domain:{FAKE_HOST}",
    )
    with pytest.raises(EntryNotFound), transaction(engine) as session:
        remove_entry(session, 1, who="ren", now=NOW)


def two_shops() -> list[Item]:
    return [an_item(1), an_item(2, links=(f"https://{FAKE_HOST}/", "https://hoshino-other.test/"))]


@pytest.mark.parametrize(
    ("what", "reason", "says"),
    [
        ("domain", "unrelated", "reseller, official, news, review, parody; unrelated makes nobody"),
        ("domain", "reseller", "has 2 domains; name one of them: domain:hoshino-denki-sale.test, domain:hoshino-other"),
        ("account", "reseller", "names no account"),
        ("advertiser:meta:78", "reseller", "has no advertiser:meta:78"),
        ("domain:yamada.test", "reseller", "leads to no yamada.test"),
        ("shop", "reseller", "expected domain:HOST, .* or one of advertiser, domain, account"),
    ],
)
def test_what_cannot_be_entered_is_refused_with_the_whole_judgement(
    engine: Engine, what: str, reason: str, says: str
) -> None:
    for item in two_shops():
        case = see(engine, item).cases[0]
    with pytest.raises(JudgementRefused, match=says):
        dismiss(engine, case, what, reason)
    assert entries(engine, everything=True) == []
    with transaction(engine) as session:
        assert case_detail(session, case).state == "open"


def test_one_of_several_is_named_in_full(engine: Engine) -> None:
    for item in two_shops():
        case = see(engine, item).cases[0]
    dismiss(engine, case, "domain:hoshino-other.test")
    assert [entry.scope for entry in entries(engine)] == ["domain:hoshino-other.test"]


def test_a_shared_host_is_never_entered_whole(engine: Engine) -> None:
    page = an_item(
        1, kind="page", platform=None, advertiser=None, links=(), url="https://sites.google.com/view/hoshino"
    )
    case = see(engine, page).cases[0]
    with pytest.raises(JudgementRefused, match="names no domain to register; a page on a shared host is named path:"):
        dismiss(engine, case, "domain")
    with pytest.raises(JudgementRefused, match=r"anybody can have a page at sites\.google\.com"):
        dismiss(engine, case, "domain:sites.google.com")
    dismiss(engine, case, "path:sites.google.com/view/hoshino")
    assert [entry.scope for entry in entries(engine)] == ["path:sites.google.com/view/hoshino"]


def test_only_a_dismissal_enters_anything(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    wrong = Judgement(who="aki", action="confirm", register=Registering(what="domain", until=END))
    with pytest.raises(JudgementRefused, match="only a dismissal"), transaction(engine) as session:
        judge(session, case, wrong, now=NOW)
