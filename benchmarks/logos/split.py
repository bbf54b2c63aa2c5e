"""Which brands are for testing only, so that no logo is ever both learnt from and measured.

The split depends on the icon's name alone: whoever trains on these packages leaves out what `is_test` says.
"""

import zlib

SUFFIXES = ("-icon", "-plain", "-original", "-wordmark", "-line", "-color", "-mono")


def brand_of(name: str) -> str:
    """Return the icon's name without the words that only tell the variant: `example-icon-mono` is `example`."""
    name = name.lower()
    while name.endswith(SUFFIXES):
        name = name[: name.rindex("-")]
    return name


def is_test(name: str) -> bool:
    """Tell whether the icon belongs to the test part: one brand in five, by the CRC-32 of its name."""
    return zlib.crc32(brand_of(name).encode()) % 5 == 0
