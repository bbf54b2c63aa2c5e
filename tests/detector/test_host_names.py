import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from detector.brands import BrandProfile
from detector.host_names import HostIndex, HostKind
from detector.hosts import parse_host
from tests.detector.hoshino import HOSHINO

INDEX = HostIndex([HOSHINO])


def kinds(url: str) -> dict[HostKind, float]:
    host = parse_host(url)
    assert host is not None
    return {hit.kind: hit.strength for hit in INDEX.match(host)}


@pytest.mark.parametrize(
    "host",
    [
        "hoshino-denki-sale.test",
        "hoshinodenki-login.com",
        "saleshoshinodenki.xyz",
        "hoshino-denki.shop",
        "hoshino-denki.abc123.cn",
        "star.hoshinodenki-shop.com",
        "星野電機.com",
        "xn--kivo8gj38bple.test",
    ],
)
def test_exact_names_in_foreign_domains(host: str) -> None:
    assert kinds(host)["combosquat"] >= 0.7


@pytest.mark.parametrize(
    "host",
    [
        "hoshin0-denki.test",
        "hosh1nodenki.com",
        "hoshinodemki.test",
        "hoshinno-denki.com",
        "hoshinodneki.com",
        "hоshinodenki.com",  # Cyrillic o
        "www.hoshinadenky.co.jp.abc.cn",
    ],
)
def test_lookalikes(host: str) -> None:
    assert kinds(host)["lookalike"] >= 0.7


@pytest.mark.parametrize(
    "host", ["hoshino-denki.example.evil.test", "hoshino-denki-example.evil.test", "login.hoshino-denki.example.co"]
)
def test_official_hosts_inside_others(host: str) -> None:
    assert kinds(host)["imitated_suffix"] >= 0.9


@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "hoshinoya.example",
        "denki.example",
        "hd.example",
        "a.hoshino-denki.com.edgekey.net",
        "hdnet.example",
    ],
)
def test_other_hosts(host: str) -> None:
    assert max(kinds(host).values(), default=0.0) < 0.5


def test_paths_are_weaker_than_hosts_unless_they_pose_as_one() -> None:
    for honest in ("hoshino-denki/fans", "a/b/c/hoshino-denki", "brand/hoshino-denki?page=2", "hoshino"):
        assert kinds(f"https://shop.example/{honest}")["path"] < 0.3
    assert kinds("https://shop.example/www.hoshino-denki.example/login")["path"] == 1.0
    assert kinds("https://x7q.test/hoshino-denki/login.php")["path"] >= 0.7


SHORT = HostIndex([BrandProfile(key="b", name="星野電機", aliases=("hosi", "hsd"), domains=("hosi-net.example",))])


def short(url: str) -> tuple[HostKind, float, str] | None:
    host = parse_host(url)
    assert host is not None
    hits = SHORT.match(host)
    return (hits[0].kind, hits[0].strength, hits[0].seen) if hits else None


@pytest.mark.parametrize(
    ("host", "kind", "seen"),
    [
        ("www.hosii-co-jp.info-x.abc.cn", "lookalike", "hosii"),  # doubled letter before a suffix
        ("www.hhosi.login.abc.cn", "lookalike", "hhosi"),
        ("goo-hosiya-co.jp-link.abc.com", "lookalike", "hosiya"),  # garbled before a suffix
        ("hosicojp.abc.com", "combosquat", "hosi"),  # the suffix glued to it
        ("jp.hosi.iz814.com", "combosquat", "hosi"),  # a label of its own below a foreign domain
        ("hosi-1234-service.workers.dev", "combosquat", "hosi"),  # a tenant of a shared host
        ("my-hsd.com", "combosquat", "hsd"),  # no honest word begins or ends without vowels
    ],
)
def test_short_names_need_company(host: str, kind: HostKind, seen: str) -> None:
    found = short(host)
    assert found is not None
    assert (found[0], found[2]) == (kind, seen)
    assert found[1] >= 0.7


@pytest.mark.parametrize(
    "host", ["hosii.com", "hosiya.com", "hosi.partner.com", "ohosin-login.com", "sync.hosiya.com", "hosiya.partner.com"]
)
def test_short_names_without_company_stay_below_the_threshold(host: str) -> None:
    found = short(host)
    assert found is None or found[1] < 0.7


@pytest.mark.parametrize(
    "host", ["hosinodenkki.co.jp.abc.cn", "hoshinadenkii-jp-login.abc.top", "www.hsohinodenkl.co.jp.abc.com"]
)
def test_two_slips_in_a_long_name_beside_what_imitates_or_beckons(host: str) -> None:
    assert kinds(host)["lookalike"] >= 0.7


def test_a_suffix_of_an_official_host_is_peeled_off_a_misspelling() -> None:
    assert kinds("www-hoshino-demkicojp.abc.com")["lookalike"] >= 0.7


def test_a_service_naming_its_customer_is_weaker_than_a_name_in_company() -> None:
    alone, suffix = kinds("ruscool.partner.com"), kinds("hoshino.partner.com")
    assert "combosquat" not in alone
    assert suffix["combosquat"] < 0.7 <= kinds("hoshino.co.jp.abc.com")["combosquat"]


def test_the_closer_the_company_the_stronger() -> None:
    hosts = ("hosi-login.co.jp.abc.com", "hosi-sale.com", "hosi-x.com", "hosi.partner.com")
    strengths = [found[1] for host in hosts if (found := short(host))]
    assert strengths == sorted(strengths, reverse=True)
    assert len(strengths) == len(hosts)
    assert len(set(strengths)) == len(hosts)


def test_a_word_that_means_something_else_is_no_name() -> None:
    index = HostIndex([BrandProfile(key="b", name="hoshi", exclude=("hoshizora",))])
    other, named = parse_host("hoshizora-1.workers.dev"), parse_host("hoshi-1.workers.dev")
    assert other is not None
    assert named is not None
    assert index.match(other) == []
    assert index.match(named)[0].strength >= 0.7


def test_the_same_letters_count_once() -> None:
    host = parse_host("hoshino-denki-hoshinodenkl.test")
    assert host is not None
    assert len(INDEX.match(host)) == 1


def test_another_first_letter_before_a_suffix_is_another_name() -> None:
    host = parse_host("toshino-denky.co.jp.abc.cn")
    assert host is not None
    assert not [hit for hit in INDEX.match(host) if hit.kind == "lookalike"]


def test_an_ambiguous_name_counts_less() -> None:
    sure = HostIndex([BrandProfile(key="b", name="Ruscool")])
    unsure = HostIndex([BrandProfile(key="b", name="星", ambiguous=("Ruscool",))])
    host = parse_host("ruscool-sale.test")
    assert host is not None
    assert sure.match(host)[0].strength > unsure.match(host)[0].strength


def test_no_brands_match_nothing() -> None:
    host = parse_host("hoshino-denki.test")
    assert host is not None
    assert HostIndex([]).match(host) == []


@given(st.text(alphabet="hosinde", min_size=5, max_size=13))
def test_misspellings_of_a_whole_label_are_one_slip_away(word: str) -> None:
    # Differential: the patterns against the distance itself, on the registrable label alone.
    host = parse_host(f"{word}.com")
    assert host is not None
    for hit in INDEX.match(host):
        if hit.kind == "lookalike" and hit.seen == word:
            names = [name for name in ("hoshinodenki", "hoshino") if name[0] == word[0]]
            assert min(OSA.distance(word, name) for name in names) <= 1


@given(st.sampled_from(["hoshinodenki", "hoshino"]), st.integers(1, 6))
def test_a_letter_left_out_or_doubled_is_found(name: str, at: int) -> None:
    for word in (name[:at] + name[at + 1 :], name[:at] + name[at] + name[at:]):
        host = parse_host(f"{word}.com")
        assert host is not None
        assert any(hit.brand == 0 for hit in INDEX.match(host))


@given(st.from_regex(r"[a-z0-9.-]{1,40}", fullmatch=True))
def test_survives_any_host(text: str) -> None:
    host = parse_host(f"{text}.test/{text}")
    if host:
        assert all(0.0 <= hit.strength <= 1.0 for hit in INDEX.match(host))
