import gzip

from spiders.packed import unpacked


def test_gzip_is_unpacked_up_to_the_limit() -> None:
    data = gzip.compress(b"x" * 1000)
    assert unpacked(data, 1000) == b"x" * 1000
    assert unpacked(data, 999) is None


def test_other_data_stays_and_broken_data_is_none() -> None:
    assert unpacked(b"<xml/>", 3) == b"<xml/>"
    assert unpacked(b"\x1f\x8b\x08broken!!", 1000) is None
