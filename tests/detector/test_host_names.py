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
    assert kinds("https://shop.example/hoshino-denki/fans")["path"] < 0.6
    assert kinds("https://shop.example/www.hoshino-denki.example/login")["path"] == 1.0
    assert "path" not in kinds("https://shop.example/a/b/c/hoshino-denki")


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
def test_lookup_by_deletions_agrees_with_edit_distance(word: str) -> None:
    # Differential: the index against the distance itself, on the registrable label alone.
    host = parse_host(f"{word}.com")
    assert host is not None
    found = any(hit.kind == "lookalike" for hit in INDEX.match(host))
    near = word[0] == "h" and OSA.distance(word, "hoshinodenki") == 1
    assert found is near


@given(st.from_regex(r"[a-z0-9.-]{1,40}", fullmatch=True))
def test_survives_any_host(text: str) -> None:
    host = parse_host(f"{text}.test/{text}")
    if host:
        assert all(0.0 <= hit.strength <= 1.0 for hit in INDEX.match(host))
