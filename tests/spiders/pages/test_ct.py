"""Certificates in logs of both interfaces: every name, and no hostile one takes the others along."""

import gzip
import json
from base64 import b64encode
from pathlib import Path

import pytest

from spiders.pages.ct_logs import parse_log_list
from spiders.pages.ct_names import certificate_names, clean_names
from spiders.pages.ct_rfc6962 import parse_entries, read_head
from spiders.pages.ct_static import LARGEST, parse_data_tile, parse_names_tile, read_checkpoint, tile_path
from tests.servers.ct_log import certificate, rfc_leaf, tile_leaf

REAL = Path(__file__).resolve().parents[4] / "shared/data/ct/static/tile"
NAMES = [["shop.example"], ["*.HOSHINO-denki-sale.test", "hoshino-denki-sale.test", "a.test"]]
ENTRIES = [certificate(names) for names in NAMES]


def test_the_names_of_a_certificate() -> None:
    assert certificate_names(ENTRIES[1]) == (["hoshino-denki-sale.test", "a.test"], "Test CA")
    for broken in (b"", b"\x30\x82", ENTRIES[0][:-20], b"\0" * 500):
        with pytest.raises(ValueError, match="unreadable certificate"):
            certificate_names(broken)
    assert clean_names(["A.Test.", "*.a.test", "mail box.test", "x" * 300 + ".test", 7, None, "localhost"]) == [
        "a.test"
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_data_tile(pack: type[bytes]) -> None:
    tile = tile_leaf(512, ENTRIES[0]) + tile_leaf(513, b"no certificate") + tile_leaf(514, ENTRIES[1], precert=True)
    parsed = parse_data_tile(pack(tile), first=512)
    assert [(entry["index"], entry["names"]) for entry in parsed["entries"]] == [
        (512, ["shop.example"]),
        (514, ["hoshino-denki-sale.test", "a.test"]),
    ]
    assert parsed["entries"][0]["time"] == 1_764_000_000_512
    assert ([index for index, _ in parsed["bad"]], parsed["count"]) == ([513], 3)


@pytest.mark.parametrize(
    "body",
    [
        tile_leaf(0, ENTRIES[0])[:-5],
        b"\0" * 8 + b"\0\7",
        b"\x1f\x8b\0",
        gzip.compress(b"\0" * (LARGEST + 1)),
        b"<html>",
    ],
)
def test_a_broken_tile_is_told(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"ends|unknown type|gzip"):
        parse_data_tile(body, first=0)


def test_a_names_tile() -> None:
    lines = [
        '{"Timestamp":5,"Subject":{"CommonName":"*.shop.example"},"DNS":["*.shop.example","a.test"]}',
        "[]",
        '{"DNS":"x"}',
        "{",
    ]
    parsed = parse_names_tile(gzip.compress("\n".join(lines).encode()), first=256)
    assert [(entry["index"], entry["names"]) for entry in parsed["entries"]] == [
        (256, ["shop.example", "a.test"]),
        (258, []),
    ]
    assert ([index for index, _ in parsed["bad"]], parsed["count"]) == ([257, 259], 4)


def test_entries_of_rfc_6962() -> None:
    rows = [rfc_leaf(7, ENTRIES[0]), {"leaf_input": "!"}, rfc_leaf(9, ENTRIES[1], precert=True), None]
    rows.append({"leaf_input": b64encode(b"\0" * 20).decode(), "extra_data": ""})
    parsed = parse_entries(json.dumps({"entries": rows}).encode(), first=7)
    assert [(entry["index"], entry["names"][0]) for entry in parsed["entries"]] == [
        (7, "shop.example"),
        (9, "hoshino-denki-sale.test"),
    ]
    assert ([index for index, _ in parsed["bad"]], parsed["count"]) == ([8, 10, 11], 5)
    for broken in (b"{}", b"[]", b"<html>"):
        with pytest.raises(ValueError, match=r"entries|JSON"):
            parse_entries(broken, first=0)


def test_the_head_of_a_log() -> None:
    body = "log.test/2026h2\n20852163\nroot=\n\n\N{EM DASH} log.test sig\n\N{EM DASH} grease.invalid x\n".encode()
    assert read_checkpoint(body) == {"origin": "log.test/2026h2", "size": 20852163}
    assert read_head(b'{"tree_size": 12, "timestamp": 1}') == {"size": 12}
    for broken in (b"", b"a\n-1\nb\n\n", b"a\n" + b"9" * 30 + b"\nb\n\n", "a\n²\nb\n\n".encode(), b"<html>\n1\n\nx"):
        with pytest.raises(ValueError, match="no checkpoint"):
            read_checkpoint(broken)
    for broken in (b"{}", b'{"tree_size": -1}', b"[]", b"<"):
        with pytest.raises(ValueError, match=r"tree_size|JSON"):
            read_head(broken)


@pytest.mark.parametrize(
    ("number", "entries", "path"),
    [
        (0, 256, "tile/data/000"),
        (1234067, 256, "tile/data/x001/x234/067"),
        (5, 10, "tile/data/005.p/10"),
        (1000, 1, "tile/data/x001/000.p/1"),
    ],
)
def test_the_path_of_a_tile(number: int, entries: int, path: str) -> None:
    assert tile_path("data", number, entries) == path


@pytest.mark.real_data
def test_every_entry_of_a_real_log_is_read() -> None:
    """1,034 entries of names tiles, and the data tiles that were kept give the very same names."""
    if not REAL.is_dir():
        pytest.skip("../shared/data/ct is absent")
    tiles = ["000", "001", "002", "003", "003.p/10"]
    named, total, compared = {}, 0, 0
    for tile in tiles:
        parsed = parse_names_tile((REAL / "names" / tile).read_bytes(), first=int(tile[:3]) * 256)
        assert parsed["bad"] == []
        total += parsed["count"]
        named[tile] = [entry["names"] for entry in parsed["entries"]]
    assert total == 1034
    for tile in tiles:
        path = REAL / "data" / tile
        if path.is_file():
            parsed = parse_data_tile(path.read_bytes(), first=0)
            assert parsed["bad"] == []
            assert [sorted(entry["names"]) for entry in parsed["entries"]] == [sorted(names) for names in named[tile]]
            compared += parsed["count"]
    assert compared == 522  # data tiles 000, 001 and 003.p/10


def test_the_logs_of_a_browsers_list_that_certificates_still_come_into() -> None:
    def log(address: str, name: str, state: str, ends: str = "2027-01-01T00:00:00Z") -> dict[str, object]:
        interval = {"start_inclusive": "2026-07-01T00:00:00Z", "end_exclusive": ends}
        return {
            address: f"https://{name}.example/",
            "description": name,
            "state": {state: {}},
            "temporal_interval": interval,
        }

    tiled = [
        log("monitoring_url", "open", "usable"),
        log("monitoring_url", "over", "usable", "2026-07-01T00:00:00Z"),
        log("monitoring_url", "gone", "retired"),
        {"monitoring_url": "https://bare.example", "temporal_interval": {"end_exclusive": "soon"}},
        7,
    ]
    listed = {"operators": [{"logs": [log("url", "old", "qualified")], "tiled_logs": tiled}, {"name": "none"}, 7]}
    now, body = "2026-11-25T00:00:00+00:00", json.dumps(listed).encode()
    assert [one["url"] for one in parse_log_list(body, api="static", now=now)] == [
        "https://open.example", "https://bare.example",
    ]  # fmt: skip
    assert parse_log_list(body, api="rfc6962", now=now) == [{"url": "https://old.example", "name": "old"}]
    for broken in (b"{}", b"[", b"[]"):
        with pytest.raises(ValueError, match=r"operators|JSON"):
            parse_log_list(broken, api="static", now=now)
