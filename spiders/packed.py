"""Files that are gzip themselves (`sitemap.xml.gz`, `feed.csv.gz`), unpacked up to a limit."""

import zlib

_GZIP = b"\x1f\x8b"


def unpacked(data: bytes, limit: int) -> bytes | None:
    """Return the content of gzip data, other data as it is; None when it is broken or has more than `limit` bytes."""
    if not data.startswith(_GZIP):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(data, limit + 1)
    except zlib.error:
        return None
    return content if len(content) <= limit else None
