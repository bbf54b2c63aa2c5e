"""What one journey came to, and how journeys of several visitors differ."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from detector.presence import Presence, State, presence
from detector.visits import Hop, Landing, Visit, compared, distance, outcome_of, simhash, text_hash

NOW = datetime(2026, 11, 29, 3, 4, 5, tzinfo=UTC)
ZERO, HALF, FULL = "0" * 16, "00000000ffffffff", "f" * 16
URL = "http://shop.test/lp"


def hop(url: str = URL, *, status: int | None = 200, problem: str | None = None) -> Hop:
    return Hop(url=url, how="start", at=NOW, seconds=0.1, status=status, problem=problem)


def landing(text: str = ZERO, shape: str = ZERO, **more: object) -> Landing:
    return replace(Landing(title="", text=text, shape=shape, length=200), **more)  # type: ignore[arg-type]


def visit(visitor: str, seen: Landing | None = None, *, browser: bool = False, end: Hop | None = None) -> Visit:
    hops = (end or hop(),)
    outcome, says = outcome_of(hops, seen, ended=True)
    return Visit(
        url=URL, visitor=visitor, started_at=NOW, hops=hops, landing=seen, outcome=outcome, says=says, browser=browser
    )


@pytest.mark.parametrize(
    ("end", "seen", "outcome"),
    [
        (hop(), landing(), "offer_seen"),
        (hop(), None, "could_not_tell"),
        (hop(), landing(wall="a captcha"), "blocked"),
        (hop(), landing(parked="for sale"), "gone"),
        (hop(), landing(scripted=True), "could_not_tell"),
        (hop(status=404), None, "gone"),
        (hop(status=451), None, "blocked"),
        (hop(status=503), None, "could_not_tell"),
        (hop(status=None, problem="dns"), None, "gone"),
        (hop(status=None, problem="dns_failed"), None, "could_not_tell"),
        (hop(status=None, problem="timeout"), None, "could_not_tell"),
        (hop(status=None, problem="hand_off"), None, "offer_seen"),
        (hop(problem="download"), None, "could_not_tell"),
    ],
)
def test_outcome(end: Hop, seen: Landing | None, outcome: str) -> None:
    assert outcome_of([end], seen, ended=True)[0] == outcome
    assert outcome_of([end], seen, ended=False)[0] == "could_not_tell"


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (landing(), landing(text=FULL, shape=FULL), True),
        (landing(), landing(text=FULL), False),  # other goods in the same shop
        (landing(), landing(shape=FULL), False),  # another layout
        (landing(picture=ZERO, window="1x1"), landing(text=FULL, picture=FULL, window="1x1"), True),
        (landing(picture=ZERO, window="1x1"), landing(text=FULL, picture=FULL, window="2x2"), False),
        (landing(picture=ZERO, window="1x1"), landing(picture=FULL, window="1x1"), False),  # a carousel
    ],
)
def test_two_of_words_shape_and_picture_must_differ(one: Landing, other: Landing, differ: bool) -> None:
    visits = compared([visit("a", one), visit("b", other)])
    assert {one.outcome for one in visits} == ({"differs"} if differ else {"offer_seen"})


def test_a_browser_is_compared_with_browsers() -> None:
    plain, drawn = visit("a", landing()), visit("b", landing(text=FULL, shape=FULL), browser=True)
    remade = compared([plain, drawn])
    assert [one.outcome for one in remade] == ["could_not_tell", "offer_seen"]
    assert remade[0].says == "scripts make another page of it, see b"
    elsewhere = visit("b", landing(), browser=True, end=hop("http://other.test/"))
    assert {one.outcome for one in compared([plain, elsewhere])} == {"differs"}
    led_on = visit("a", landing(scripted=True))
    assert [one.outcome for one in compared([led_on, elsewhere])] == ["could_not_tell", "offer_seen"]


def test_what_differs_by_chance_for_one_visitor_tells_nothing_of_two() -> None:
    shop = [visit("a", landing()), visit("a", landing(text="000000000000ffff")), visit("b", landing(HALF, HALF))]
    assert {one.outcome for one in compared([shop[0], shop[2]])} == {"differs"}
    rotating = [visit("a", landing()), visit("a", landing(text="0000000fffffffff")), visit("b", landing(HALF, HALF))]
    assert {one.outcome for one in compared(rotating)} == {"offer_seen"}


def test_who_is_shown_nothing_tells_against_who_is_shown_a_page() -> None:
    shown, hidden = visit("a", landing()), visit("b", end=hop(status=404))
    left, right = compared([shown, hidden])
    assert (left.outcome, right.outcome) == ("differs", "gone")
    assert left.says == "b: a saw a page, b did not (answered 404)"
    lost = visit("b", end=hop(status=None, problem="timeout"))
    assert [one.outcome for one in compared([shown, lost])] == ["offer_seen", "could_not_tell"]


def test_simhash_is_near_for_what_is_nearly_the_same() -> None:
    text = "家電のやまだは、各社の扇風機と冷風機を取りそろえています。配送は二日以内、返品は三十日以内に承ります。"
    assert text_hash(text) == text_hash(text.replace("、", "、 "))
    assert distance(text_hash(text), text_hash(text.replace("二日", "三日"))) <= 12
    assert distance(text_hash(text), text_hash("すだれを掛け、打ち水をするだけで体感温度は下がります。" * 2)) >= 18
    assert simhash([]) == "0" * 16
    assert simhash(["a", "a", "b"]) == simhash(["a"])
    assert len(simhash(["\ud800"])) == 16


SEEN = visit("a", landing())
GONE = visit("a", end=hop(status=None, problem="dns"))
WALL = visit("a", landing(wall="a captcha"))
MOVED = visit("a", landing(), end=hop("http://other.test/"))


@pytest.mark.parametrize(
    ("visits", "before", "was", "state"),
    [
        ([SEEN], [], None, "up"),
        ([SEEN], [SEEN], "up", "up"),
        ([GONE, GONE], [SEEN], "up", "down"),
        ([GONE, SEEN], [SEEN], "up", "up"),
        ([GONE, WALL], [SEEN], "up", "unclear"),
        ([SEEN], [GONE], "down", "relapsed"),
        ([MOVED], [GONE, SEEN], "down", "relapsed"),
        ([MOVED], [SEEN], "up", "moved"),
        ([MOVED], [SEEN, MOVED], "moved", "up"),
        ([WALL], [SEEN], "up", "unclear"),
        ([visit("a", landing(FULL, FULL))], [SEEN], "up", "changed"),
        ([visit("a", landing(FULL, FULL)), SEEN], [SEEN], "up", "up"),
        ([visit("b", landing(FULL, FULL))], [SEEN], "up", "up"),
    ],
)
def test_presence(visits: list[Visit], before: list[Visit], was: State | None, state: State) -> None:
    assert presence(visits, before, was).state == state


def test_presence_says_how_it_went() -> None:
    said = presence([GONE, visit("b", landing(parked="the site was suspended"))], [], None)
    assert said == Presence(
        state="down", says="the domain does not resolve any more (NXDOMAIN); the site was suspended"
    )


BEYOND = "https://shop.test/lp"
SHORT = hop("https://go.test/x", status=302)


def way(*hops: Hop, seen: Landing | None = None) -> Visit:
    outcome, says = outcome_of(hops, seen, ended=True)
    return Visit(url=hops[0].url, visitor="a", started_at=NOW, hops=hops, landing=seen, outcome=outcome, says=says)


@pytest.mark.parametrize(
    ("visits", "before", "statuses", "by"),
    [
        ([way(hop(status=404))], [SEEN], {}, "host"),
        ([way(hop(status=410))], [], {}, "host"),
        ([way(hop(), seen=landing(parked="the site was suspended"))], [SEEN], {}, "host"),
        ([way(hop(), seen=landing(parked="the domain is parked or for sale"))], [SEEN], {}, None),
        ([way(hop(), seen=landing(parked="the domain is parked or for sale"))], [], ["client hold"], "registrar"),
        ([GONE], [SEEN], {}, "registrar"),
        ([GONE], [SEEN], ["active", "Client Hold"], "registrar"),
        ([GONE], [SEEN], ["client hold", "server hold"], "registry"),
        ([way(hop("http://a.shop.test/", status=None, problem="dns"))], [], {}, None),
        ([way(hop("http://a.shop.test/", status=None, problem="dns"))], [], ["redemption period"], "registrar"),
        ([way(hop("http://www.shop.test/", status=None, problem="dns"))], [], {}, "registrar"),
        ([way(hop("http://fraud.github.io/", status=None, problem="dns"))], [], {}, "host"),
        ([way(hop(SHORT.url, status=404))], [way(SHORT, hop(BEYOND), seen=landing())], {}, "redirect"),
        ([way(hop(SHORT.url, status=None, problem="dns"))], [way(SHORT, hop(BEYOND), seen=landing())], {}, "redirect"),
        ([way(SHORT, hop(BEYOND, status=404))], [way(SHORT, hop(BEYOND), seen=landing())], {}, "host"),
        ([way(SHORT, hop("https://new.test/", status=404))], [way(SHORT, hop(BEYOND), seen=landing())], {}, None),
        ([way(hop(status=404)), GONE], [SEEN], {}, None),
        ([SEEN], [GONE], {}, None),
    ],
)
def test_how_it_went_tells_who_has_likely_taken_it_away(
    visits: list[Visit], before: list[Visit], statuses: list[str], by: str | None
) -> None:
    assert presence(visits, before, "up", {"shop.test": statuses}).by == by
