import dataclasses
from datetime import UTC, datetime

from alerts.compose import MOST_DIGEST, MOST_EVIDENCE, MOST_ITEMS, build_digest, digest_line
from alerts.message import Alert
from detector.evidence import Evidence
from storage.case_views import PictureView
from tests.alerts.samples import EVIDENCE, HOSTILE, NOW, RAW, alert_of, case, item, summary, view
from tests.growth import BOUNDED, growth


def test_the_alert_says_what_was_found_where_and_how_sure() -> None:
    alert = alert_of()
    assert alert.case is not None
    assert (alert.case.id, alert.case.brand_name, alert.case.score) == (42, "星野電機", 0.97)
    assert (alert.case.decision, alert.case.policy, alert.case.items) == ("impersonation", "2026.1", 1)
    first = alert.items[0]
    assert (first.kind, first.platform, first.advertiser) == ("ad", "meta", "Hoshino Denki Outlet 公式")
    assert first.publisher == "hxxps://news[.]example/article/7"
    assert (first.sources, first.sightings) == (("news-ads",), 3)
    assert alert.next == ("mekiki cases show 42", "mekiki triage")


def test_evidence_falls_by_weight_with_what_exonerates_last() -> None:
    assert [entry.weight for entry in alert_of().evidence] == [3.0, 2.1, 1.4, 0.8, -0.4]


def test_what_was_learned_is_told_behind_what_has_a_name() -> None:
    weights = {"wording.fraud": 4.6, "host.combosquat": 4.3, "setting.fraud": 2.0, "claim.known_false": 3.0}
    found = tuple(
        Evidence(signal=signal, weight=weight, strength=1.0, observed="o", expected="", says="s")
        for signal, weight in {**weights, "official.partner": -3.0}.items()
    )
    told = [entry.signal for entry in alert_of(case(view(evidence=found))).evidence]
    assert told == ["host.combosquat", "claim.known_false", "wording.fraud", "setting.fraud", "official.partner"]


def test_a_file_of_our_own_is_no_host() -> None:
    def told(signal: str) -> tuple[str, str]:
        one = Evidence(
            signal=signal, weight=1.0, strength=1.0, observed="evil.test", expected="hoshino.svg\u202e", says="s"
        )
        [entry] = alert_of(case(view(evidence=(one,)))).evidence
        return entry.observed, entry.expected

    assert told("picture.logo") == ("evil[.]test", "hoshino.svg\\u{202E}")
    assert told("host.lookalike") == ("evil[.]test", "hoshino[.]svg\\u{202E}")


def test_an_observation_made_on_many_items_is_told_once() -> None:
    alert = alert_of(case(*(view(n) for n in range(1, 6))))
    assert len(alert.evidence) == alert.evidence_total == len(EVIDENCE)


def test_links_are_defanged_and_also_exact() -> None:
    exact = "https://hoshino-denki-sale.test/lp?q=\u202e%41&u=http://evil.test"
    link = alert_of(case(view(item=item(links=(exact,))))).items[0].links[0]
    assert link.exact == exact
    assert link.defanged.startswith("hxxps://hoshino-denki-sale[.]test/lp?q=\\u{202E}%41")
    assert "evil.test" not in link.defanged


def test_a_link_of_any_length_is_told_but_not_copied() -> None:
    link = alert_of(case(view(item=item(links=("https://x.test/" + "a" * 100_000,))))).items[0].links[0]
    assert link.exact is None
    assert len(link.defanged) <= 300


def test_first_messages_lead_with_the_best_item_later_ones_with_the_newest() -> None:
    old = view(1, score=0.99)
    new = view(2, score=0.6, first_seen=datetime(2026, 11, 22, 2, 0, tzinfo=UTC))
    assert [entry.id for entry in alert_of(case(old, new)).items] == [1, 2]
    assert [entry.id for entry in alert_of(case(old, new), "new_items").items] == [2, 1]
    assert [entry.id for entry in alert_of(case(old, new), "repeat").items] == [1, 2]


def test_a_huge_case_gives_a_small_alert_that_tells_the_totals() -> None:
    many = tuple(
        view(
            n,
            evidence=tuple(
                Evidence(signal="s", weight=1.0, strength=1.0, observed=f"{n}-{k}", expected="", says="s")
                for k in range(5)
            ),
        )
        for n in range(100)
    )
    alert = alert_of(case(*many, item_count=5000))
    assert alert.case is not None
    assert (len(alert.items), alert.case.items) == (MOST_ITEMS, 5000)
    assert (len(alert.evidence), alert.evidence_total) == (MOST_EVIDENCE, 500)


def test_the_picture_is_the_one_that_evidence_points_to_and_only_re_encoded() -> None:
    other = PictureView(reference="other.png", sha256="c" * 64, rendition="d" * 64, width=10, height=10)
    pointed = PictureView(reference="banner.png", sha256="a" * 64, rendition="b" * 64, width=1200, height=628)
    both = item(images=("banner.png", "other.png"))
    picture = alert_of(case(view(item=both, pictures=(other, pointed)))).picture
    assert picture is not None
    assert (picture.sha256, picture.width, picture.height) == ("b" * 64, 1200, 628)


def test_the_picture_knows_where_the_match_stands() -> None:
    picture = alert_of(case(view(item=item(images=("banner.png",))))).picture
    assert picture is not None
    assert (picture.box, picture.signal) == ((0, 0, 600, 314), "picture.copy")
    unmatched = alert_of(case(view(evidence=EVIDENCE[:2]))).picture
    assert unmatched is not None
    assert unmatched.box is None


def test_a_digest_puts_what_is_urgent_first_and_tells_how_much_is_left_out() -> None:
    lines = [digest_line(summary(n), "first", 1, brand_name="星野電機") for n in range(1, MOST_DIGEST + 11)]
    lines += [digest_line(summary(900), "relapsed", 1, brand_name="星野電機")]
    alert = build_digest(reversed(lines), "en", receiver="desk", since=None, at=NOW)
    assert [line.case for line in alert.digest[:3]] == [900, 1, 2]
    assert (len(alert.digest), alert.digest_total) == (MOST_DIGEST, MOST_DIGEST + 11)


def test_a_digest_shows_nothing_hostile() -> None:
    line = digest_line(dataclasses.replace(summary(), title=HOSTILE), "first", 1, brand_name=HOSTILE)
    assert not [mark for mark in RAW if mark in line.title + line.brand_name]
    assert "evil.test" not in line.title


def test_a_refused_picture_is_never_shown() -> None:
    refused = PictureView(reference="banner.png", sha256="a" * 64, rendition=None, width=None, height=None)
    assert alert_of(case(view(pictures=(refused,)))).picture is None


def test_an_item_with_nothing_but_an_id_can_be_told() -> None:
    bare = item(platform=None, url=None, advertiser=None, texts=(), links=(), images=(), publisher_url=None)
    alert = alert_of(case(view(item=bare, pictures=(), evidence=())))
    assert alert.items[0].text == ""
    assert alert.picture is None


def test_links_of_megabytes_take_no_time() -> None:
    def compose(links: tuple[str, ...]) -> Alert:
        return alert_of(case(view(item=item(links=links))))

    def made(size: int) -> tuple[str, ...]:
        return ("https://x.test/" + "//a." * size,) * 5

    assert growth(compose, made, 500_000) < BOUNDED
    alert = compose(made(500_000))
    assert len(alert.items[0].links) == 5
