"""What each interface is known to answer, and what must come of it: items stored, an error class, one line that helps.

All cases are read by one crawl, a source each.
"""

import json
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from spiders.api import FIRST_WAIT
from tests.servers.crawling import Crawling, Report
from tests.servers.interfaces import INTERFACES, THROTTLED, Scripted, reply
from tests.servers.web import Answer

BIG = 2**63 + 1  # an id that no float holds
Page = tuple[list[Any], int]  # ids, or whole rows, and the number of the page that follows or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A script of one source, and what its report must say."""

    kind: str
    name: str
    script: list[Page | Answer]
    outcome: str = "ok"
    errors: Mapping[str, int] = field(default_factory=dict)
    says: str = ""  # stands in the one line; "" where there is none
    ids: tuple[Any, ...] = ()  # that are stored
    asked: int | None = None
    more: str = ""  # lines of the source's table
    token: Answer | None = None  # of TikTok's token address

    @property
    def key(self) -> str:
        return f"{self.kind}_{self.name}"

    def answers(self, home: str) -> list[Answer]:
        """Return the script as the interface writes it."""
        interface = INTERFACES[self.kind]

        def page(ids: list[Any], following: int) -> Answer:
            rows = [one if isinstance(one, dict) else interface.row(one) for one in ids]
            return reply(interface.page(rows, following, home))

        return [step if isinstance(step, Answer) else page(*step) for step in self.script]


NOW: Mapping[str, str] = {"Retry_After": "0"}
PAGED = sorted(set(INTERFACES) - {"search", "urlhaus"})
FULL_TO_THE_END = {"meta", "microsoft", "mastodon", "urlscan"}  # an empty page is the end of these
BROKEN = Answer(body=b'{"data": [', kind="application/json")
UNWELL = Answer(body=b"<html>unwell</html>", status=500, headers={"Retry-After": "0"})
MOVED = Answer(status=302, headers={"Location": "https://elsewhere.test/v9"})
SESSION = (
    "Error validating access token: Session has expired on Friday, 20-Nov-26 05:00:00 PST. "
    "The current time is Saturday, 21-Nov-26 05:00:01 PST."
)
PATIENT = {"meta", "youtube", "linkedin"}  # want more than a second when they do not say how long

# fmt: off
# kind, name, status, answer, error class, what stands in the line
REFUSED: list[tuple[str, str, int, Any, str, str]] = [
    ("meta", "expired", 400, {"error": {"code": 190, "message": SESSION}}, "token", f"{SESSION}; get a new user token"),
    ("meta", "unconfirmed", 400, {"error": {"code": 10, "message": "No", "error_user_msg": "Go to facebook.com/ads"}},
     "token", "No Go to facebook.com/ads; get a new user token"),
    ("meta", "unknown", 401, {"error": {"message": "Invalid OAuth token"}}, "token", "Invalid OAuth token; check the"),
    ("meta", "said", 200, {"error": {"code": 100, "message": "(#100) Param"}}, "bad_request", "(#100) Param"),
    ("meta", "hour", 400, {"error": {"code": 17, "message": "(#17) User request limit reached"}},
     "rate_limited", "(#17) User request limit reached; the next run goes on"),
    ("tiktok", "refused", 401, {"data": {}, "error": {"code": "access_token_invalid", "message": "invalid"}},
     "token", "invalid; check client key, secret"),
    ("tiktok", "unknown", 401, {"error": {"code": "new_one", "message": "odd"}}, "token", "odd; check the token"),
    ("tiktok", "said", 200, {"data": {}, "error": {"code": "invalid_params", "message": "bad date"}},
     "bad_request", "bad date"),
    ("tiktok", "quota", 200, {"error": {"code": "daily_quota_limit_exceeded", "message": "spent"}},
     "rate_limited", "spent; the next run goes on"),
    ("linkedin", "expired", 401, {"code": "EXPIRED_ACCESS_TOKEN", "message": "old"}, "token", "get a new member"),
    ("linkedin", "unprovided", 404, {}, "token", "with the product Ad Library"),
    ("linkedin", "sunset", 426, {"code": "NONEXISTENT_VERSION"}, "bad_request", "set `version` to a newer month"),
    ("linkedin", "said", 200, {"message": "odd"}, "unreadable", "no `elements` in the answer; it has message"),
    ("microsoft", "closed", 403, {}, "blocked", "answered 403; raise `delay`"),
    ("microsoft", "refused", 400, {"error": {"message": "The limit of '24'"}}, "bad_request", "The limit of '24'"),
    ("microsoft", "said", 200, {"error": {"code": "x", "message": "odd"}}, "api_error", "odd"),
    ("google-ads", "refused", 401, {"error": "Invalid API key."}, "token", "set a valid key"),
    ("google-ads", "said", 200, {"error": "We couldn't get valid results."}, "api_error", "We couldn't get"),
    ("snap", "closed", 403, {}, "blocked", "answered 403; raise `delay`"),
    ("snap", "said", 200, {"error_code": "E3024", "debug_message": "empty name"}, "api_error", "E3024 empty name"),
    ("search", "refused", 401, {"error": "Invalid API key."}, "token", "set a valid key"),
    ("search", "said", 200, {"error": "We couldn't get valid results."}, "api_error", "We couldn't get"),
    ("search", "spent", 429, {"error": "Your account has run out of searches."}, "rate_limited", "the next run"),
    ("youtube", "refused", 400, {"error": {"message": "Bad Request", "errors": [{"reason": "keyInvalid"}]}},
     "token", "Bad Request; check the API key"),
    ("youtube", "said", 200, {"error": {"message": "odd"}}, "api_error", "odd"),
    ("bluesky", "expired", 400, {"error": "ExpiredToken", "message": "old"}, "token", "old; get a new access token"),
    ("bluesky", "closed", 403, {}, "blocked", "answered 403; set `token`"),
    ("bluesky", "said", 200, {"error": "UpstreamFailure", "message": "odd"}, "api_error", "UpstreamFailure odd"),
    ("mastodon", "refused", 401, {"error": "The access token is invalid"}, "token", "set a user token"),
    ("mastodon", "said", 200, {"error": "odd"}, "api_error", "odd"),
    ("x", "refused", 401, {"title": "Unauthorized"}, "token", "set a valid bearer token"),
    ("x", "said", 200, {"errors": [{"detail": "gone"}]}, "api_error", "gone"),
    ("urlscan", "refused", 400, {"message": "Invalid API key format"}, "token", "set a valid API key"),
    ("urlscan", "closed", 403, {}, "token", "set a valid API key"),
    ("urlscan", "said", 200, {"message": "odd"}, "unreadable", "no `results` in the answer; it has message"),
    ("urlhaus", "refused", 403, {"query_status": "unknown_auth_key"}, "token", "set an Auth-Key"),
    ("urlhaus", "unset", 200, {"query_status": "no_api_key_auth"}, "token", "set an Auth-Key"),
    ("urlhaus", "said", 200, {"query_status": "http_get_expected"}, "api_error", "http_get_expected"),
    ("json", "refused", 401, {"error": "expired"}, "token", "answered 401: expired; check the token"),
    ("json", "said", 200, {"error": "quota"}, "api_error", "answered 200, but says: quota"),
]

# kind, name, a row in a form of its own, what is stored of it
FORMS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("meta", "v5",
     {"id": 10**16 + 1, "page_id": 10**16 + 3, "ad_creative_body": "閉店セール", "funding_entity": "QX Ltd",
      "ad_creative_link_caption": "sale.test", "ad_delivery_start_time": "2020-03-01T08:00:00+0000"},
     {"id": "10000000000000001", "advertiser": {"id": "10000000000000003", "name": None, "payer": "QX Ltd"},
      "display_url": "sale.test", "first_shown": "2020-03-01T08:00:00+0000",
      "texts": [{"role": "body", "text": "閉店セール", "lang": None},
                {"role": "caption", "text": "sale.test", "lang": None}]}),
    ("tiktok", "misspelt",
     {"ad": {"id": 2**60 + 1, "first_shown_date": 20261101, "last_shown_date": "20261120"},
      "advertiser": {"buisness_id": 7029742742520710149}},
     {"id": str(2**60 + 1), "advertiser": {"id": "7029742742520710149", "name": None, "payer": None},
      "first_shown": "2026-11-01", "last_shown": "2026-11-20"}),
    ("google-ads", "seconds", {"ad_creative_id": "CR1", "first_shown": "1793836800"},
     {"id": "CR1", "first_shown": "2026-11-05"}),
    ("linkedin", "floats", {"adUrl": "/detail/7?x", "details": {"adStatistics": {"firstImpressionAt": 1793836800e3}}},
     {"id": "7", "first_shown": "2026-11-05"}),
]
# fmt: on

TOO_MUCH = reply({"error": {"code": 1, "message": "Please reduce the amount of data you're asking for"}}, 500)
EXPIRED = reply({"data": {}, "error": {"code": "access_token_invalid", "message": "invalid"}}, 401)
DETAIL = reply(
    {"data": {"ad": {"id": BIG, "external_url": "https://hoshino-denki-sale.test/"}}, "error": {"code": "ok"}}
)
KEYLESS = {"error": "invalid_client", "error_description": "Client key is wrong", "log_id": "1"}
NOTHING = reply({"search_metadata": {}, "error": "Google hasn't returned any results for this query."})
USAGE = json.dumps({"1": [{"type": "ads_archive", "object_count_pct": 97, "total_cputime": 3}]})
SPENT = reply(INTERFACES["meta"].page([{"id": "1"}], 2, ""), x_business_use_case_usage=USAGE)


def limited(kind: str, name: str, script: list[Page | Answer], asked: int) -> Case:
    return Case(kind=kind, name=name, script=script, asked=asked, outcome="blocked", errors={"rate_limited": 1},
                says="; the next run goes on")  # fmt: skip


def refused(kind: str, name: str, answer: Answer, error: str, says: str, *, asked: int = 1) -> Case:
    outcome = "blocked" if error in ("blocked", "rate_limited") else "failed"
    return Case(kind=kind, name=name, script=[answer], outcome=outcome, errors={error: 1}, says=says, asked=asked)


def generic(kind: str) -> Iterator[Case]:
    """Yield what holds for every interface."""
    status, body = THROTTLED[kind]
    now, unsaid, late = (reply(body, status, **more) for more in (NOW, {}, {"Retry_After": "3600"}))
    end: list[Page | Answer] = [([], 0)] if kind == "mastodon" else []  # it names a next page until one is empty
    yield Case(kind=kind, name="rows", script=[([BIG, {}], 0), *end], ids=(BIG,), outcome="partial",
               errors={"bad_row": 1}, says="row 2 ")  # fmt: skip
    yield refused(kind, "broken", BROKEN, "unreadable", "not JSON")
    yield refused(kind, "unwell", UNWELL, "transient", "answered 500; the next run", asked=3)
    yield refused(kind, "moved", MOVED, "http_302", "https://elsewhere.test/v9; set the address")
    yield Case(kind=kind, name="pause", script=[now, ([1], 0), *end], ids=(1,), asked=2 + len(end))
    yield limited(kind, "throttled", [now], 3)
    yield limited(kind, "tomorrow", [late], 1)
    if kind not in PATIENT:
        yield Case(kind=kind, name="unsaid", script=[unsaid, ([1], 0), *end], ids=(1,), asked=2 + len(end))
    elif kind != "linkedin":
        yield limited(kind, "unsaid", [unsaid], 1)
    if kind in PAGED:
        pages: list[Page | Answer] = [([BIG], BIG if kind == "json" else 2), ([2], 3), ([3], 0), *end]
        yield Case(kind=kind, name="pages", script=pages, ids=(BIG, 2, 3), asked=len(pages))
        stops = kind in FULL_TO_THE_END
        yield Case(kind=kind, name="empty", script=[([1], 2), ([], 3), ([3], 0)], ids=(1,) if stops else (1, 3),
                   asked=2 if stops else 3)  # fmt: skip
        yield Case(kind=kind, name="half", script=[([1], 2), BROKEN], ids=(1,), outcome="partial",
                   errors={"unreadable": 1}, says="not JSON", asked=2)  # fmt: skip


# fmt: off
CASES = [
    *(case for kind in INTERFACES for case in generic(kind)),
    *(refused(kind, name, reply(body, status), error, says, asked=2 if (kind, error) == ("tiktok", "token") else 1)
      for kind, name, status, body, error, says in REFUSED),
    *(Case(kind=kind, name=name, script=[([row], 0)], ids=(kept["id"],)) for kind, name, row, kept in FORMS),
    Case(kind="meta", name="less", script=[TOO_MUCH, TOO_MUCH, ([1], 2), ([], 0)], ids=(1,), asked=4),
    refused("meta", "least", TOO_MUCH, "too_much", "narrow `queries`", asked=3),
    Case(kind="meta", name="transient", script=[reply({"error": {"code": 2, "message": "odd"}}, 500, **NOW), ([1], 0)],
         ids=(1,), asked=2),
    Case(kind="meta", name="budget", script=[SPENT], ids=(1,), says="97 % of the interface's budget is used up",
         asked=1),
    Case(kind="tiktok", name="renewed", script=[EXPIRED, ([1], 0)], ids=(1,), asked=2),
    Case(kind="tiktok", name="keyless", script=[], token=reply(KEYLESS, 401), outcome="failed", errors={"token": 1},
         says="no token: Client key is wrong; check key and secret", asked=0),
    Case(kind="tiktok", name="details", script=[([BIG], 0), DETAIL], ids=(BIG,), asked=2, more="details = true"),
    *(refused(kind, "page", Answer(status=403, body=b"<html>"), "blocked", "answered 403; ")
      for kind in ("microsoft", "snap", "bluesky")),
    Case(kind="google-ads", name="nothing", script=[NOTHING], asked=1),
    Case(kind="search", name="nothing", script=[NOTHING], asked=1),
    Case(kind="snap", name="astray", script=[reply({"ads": [{"id": "1"}], "paging": {"next_link": "https://a.test/"}})],
         ids=(1,), outcome="partial", errors={"bad_url": 1}, says="names a next page of another host", asked=1),
    Case(kind="x", name="window", script=[reply({}, 429, x_rate_limit_reset="1"), ([1], 0)], ids=(1,), asked=2),
    Case(kind="urlhaus", name="nothing", script=[reply({"query_status": "no_results"})], asked=1),
]
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the crawl of all cases left."""

    report: Report
    server: Scripted
    stored: Mapping[str, list[dict[str, Any]]]  # key of a source -> its items


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    crawling = Crawling(tmp_path_factory.mktemp("contracts"))
    with Scripted() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY", "a-t0ken-of-the-brand-team")
        for case in CASES:
            server.scripts[case.key] = case.answers(server.home(case.key))
            if case.token is not None:
                server.scripts[f"{case.key}/token"] = [case.token]
        sources = [server.source(case.key, case.kind, case.more) for case in CASES]
        crawling.configure("\n".join(sources), allow=[server.allow])
        report = crawling.crawl()
        stored: dict[str, list[dict[str, Any]]] = {case.key: [] for case in CASES}
        for key, content in crawling.rows(
            "SELECT DISTINCT source, content FROM sightings JOIN item_versions ON item_versions.id = version_id"
        ):
            stored[key].append(json.loads(content))
        yield Read(report=report, server=server, stored=stored)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_what_an_answer_leads_to(case: Case, read: Read) -> None:
    report = read.report[case.key]
    assert (report.outcome, report.errors) == (case.outcome, case.errors), report.problems
    assert len(report.problems) == (1 if case.says else 0), report.problems
    assert all(case.says in problem for problem in report.problems), report.problems
    ids = {item["texts"][0]["text"] if case.kind == "search" else item["id"] for item in read.stored[case.key]}
    assert ids == {INTERFACES[case.kind].stored(one) for one in case.ids}
    assert case.asked is None or len(read.server.asked[case.key]) == case.asked


@pytest.mark.parametrize(("kind", "name", "row", "kept"), FORMS, ids=[row[1] for row in FORMS])
def test_other_forms_of_a_row(kind: str, name: str, row: dict[str, Any], kept: dict[str, Any], read: Read) -> None:
    (item,) = read.stored[f"{kind}_{name}"]
    assert {field: item[field] for field in kept} == kept


@pytest.mark.parametrize("kind", sorted(INTERFACES))
def test_a_number_that_no_float_holds_keeps_its_digits(kind: str, read: Read) -> None:
    (item,) = read.stored[f"{kind}_rows"]
    assert str(BIG) in json.dumps(item["raw"])
    if kind in ("json", "mastodon", "urlscan"):  # it leads to the next page
        assert str(BIG) in read.server.asked[f"{kind}_pages"][1].path


def test_meta_is_asked_for_half_until_it_answers(read: Read) -> None:
    asked = [parse_qs(urlsplit(hit.path).query) for hit in read.server.asked["meta_less"]]
    assert [query["limit"][0] for query in asked] == ["4", "2", "1", "1"]
    assert asked[3]["after"] == ["2"]


def test_linkedin_is_given_more_than_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "a-t0ken-of-the-brand-team")
    crawling = Crawling(tmp_path)
    with Scripted() as server:
        server.scripts["slow"] = [reply(*THROTTLED["linkedin"][::-1])]
        crawling.configure(server.source("slow", "linkedin"), allow=[server.allow])
        with crawling.start() as process:
            while not server.asked["slow"]:
                assert process.poll() is None
                time.sleep(0.01)
            time.sleep(FIRST_WAIT + 0.3)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)  # a stop does not wait for the interface
    assert len(server.asked["slow"]) == 1


def test_tiktok_is_asked_for_an_ad_by_its_number(read: Read) -> None:
    asked = read.server.asked["tiktok_details"][1]
    assert (asked.path.partition("?")[0], asked.body) == ("/tiktok_details/detail", b'{"ad_id": %d}' % BIG)
    (item,) = [item for item in read.stored["tiktok_details"] if item["links"]]
    assert item["links"] == ["https://hoshino-denki-sale.test/"]
