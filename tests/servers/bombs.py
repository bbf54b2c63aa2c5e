"""Small files that mean a lot: what a host may answer to fill a memory or to keep a processor busy."""

import gzip
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import brotli  # type: ignore[import-untyped]
from backports import zstd

MEGABYTE = 2**20
LARGE = 1024  # megabytes that a bomb unpacks to


def _packed(packer: Any, megabytes: int = LARGE) -> bytes:
    step, end = (packer.process, packer.finish) if hasattr(packer, "finish") else (packer.compress, packer.flush)
    return b"".join(step(bytes(MEGABYTE)) for _ in range(megabytes)) + bytes(end())


@cache
def encodings() -> dict[str, bytes]:
    """Return a gigabyte, by what Content-Encoding says of it."""
    once = _packed(zlib.compressobj(9, zlib.DEFLATED, 31))
    return {
        "gzip": once,
        "deflate": _packed(zlib.compressobj(9)),
        "br": _packed(brotli.Compressor(quality=1)),
        "zstd": _packed(zstd.ZstdCompressor()),
        "gzip, gzip": gzip.compress(once),
    }


def layers(count: int) -> bytes:
    """Return nothing much, packed so many times over."""
    body = b"<title>inside</title>"
    for _ in range(count):
        body = gzip.compress(body)
    return body


BURIED = "星野電機 公式アウトレット 最大90%OFF 本日限り <a href='https://hoshino-denki-sale.test/'>購入</a>"
DEPTHS = (300, 2_100, 100_000)


def buried(depth: int) -> str:
    """Return a page whose text stands behind so many open elements: common parsers lose it."""
    return f"<html lang=ja><title>記事</title><body>{'<div>' * depth}{BURIED}"


def markup() -> dict[str, str]:
    """Return pages that take a tree parser minutes, or all its memory; up to three megabytes each."""
    most = 3_000_000
    names = " ".join(f"x{number}" for number in range(100_000))
    links = "".join(f'<a href="https://shop{number}.test/">xxxx</a>' for number in range(60_000))
    return {
        "100,000 attributes": f"<b {names}>半額",
        "one attribute again and again": "<b " + "a=b " * 700_000 + ">半額",
        "100,000 nested divs": "<div>" * 100_000 + "半額",
        "nested formatting": "<b><i><u>" * 300_000,
        "misnested formatting": "<b><p></b>" * 300_000,
        "3 MB of <a": "<a" * (most // 2),
        "3 MB of <a href": "<a href='x'>" * (most // 12),
        "3 MB of <": "<" * most,
        "links": links,
        "unclosed comment": "<!--" + "-" * (most - 4),
        "unclosed comments": "<!--" * (most // 4),
        "deep tables": "<table><tr><td>" * (most // 15),
        "deep tables, few enough for a tree": "<table><tr><td>" * 6_500,
        "tables in paragraphs": "<p><table>" * (most // 10),
        "giant srcdoc": '<iframe srcdoc="' + "&lt;div&gt;" * 270_000 + '"></iframe>',
        "many srcdoc": '<iframe srcdoc="&lt;p&gt;x"></iframe>' * 75_000,
        "ads": '<div class="adsbygoogle"><a href="//x.test/a"><img src=x width=300 height=250></a></div>' * 30_000,
        "entities": "&#" + "9" * 100_000 + ";" + "&" * (most // 2),
        "unclosed scripts": "<script>" * (most // 8),
        "scripts that lead on": "<script>" + "location=" * (most // 9),
        "prices": "<p>通常価格 1,000円 → 10円 90%OFF 残り3点 " * 60_000,
        "sellers": "<p>販売業者 所在地 電話番号：03-0000-0000 " * 50_000,
        "forms": "<form><input name=card><input type=password>" * 60_000,
        "styles": '<div style="' + "background:url(a);" * 160_000 + '">',
        "sources": '<img srcset="' + "a 1x, " * 480_000 + '">',
        "NUL": "\0" * most,
    }


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *extra: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """Return a PNG with any header above any rows."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = head + b"".join(extra) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield pictures that must be refused."""
    yield "too many pixels", png(20_000, 20_000, bytes(130_000_000))
    yield "more than there are", png(65_000, 65_000, b"\0" * 1000)
    yield "a long side", png(25_000, 10, bytes(10 * 75_001))
    yield "a text that unpacks to 200 MB", png(8, 8, bytes(200), _chunk(b"zTXt", b"a\0\0" + _packed_rows(200)))
    yield "a profile that unpacks to 200 MB", png(8, 8, bytes(200), _chunk(b"iCCP", b"a\0\0" + _packed_rows(200)))
    yield "half a picture", png(300, 250, bytes(250 * 901))[:200]
    yield "a GIF without frames", b"GIF89a"
    yield "a JPEG of nothing", b"\xff\xd8\xff\xe0" + b"\0" * 400


def _packed_rows(megabytes: int) -> bytes:
    return _packed(zlib.compressobj(9), megabytes)
