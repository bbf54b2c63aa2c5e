"""Parts: how the things that a source asks for are put together, so that each part is worth a run of its own.

A part costs a start and a row of its own; what asks once and is done is put together with others, what may lead through
hundreds of pages stands alone. Names hold from run to run: a source that grows keeps the names of its parts, or moves
on to groups, whose number doubles seldom.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from detector.hosts import parse_host

FEWEST = 4  # parts; a source that gives fewer is read whole: side by side in one process is as fast
MOST = 64  # parts of a source
SHALLOW = 16  # questions of one page or a few, of which a part has about so many: a minute at one a second


def named(about: Mapping[str, str]) -> str:
    """Return the name of a part that asks for this: "query=星野電機&country=JP"."""
    return "&".join(f"{key}={value}" for key, value in about.items() if value)


def host_part(url: str) -> str:
    """Return the name of the part that an address belongs to: "host=shop.test", with the port where it names one."""
    host = parse_host(url)
    port = url.partition("://")[2].partition("/")[0].rpartition(":")[2]
    return f"host={host.ascii if host else url}" + (f":{port}" if port.isdecimal() else "")


def parted(units: Iterable[str], *, word: str, least: int) -> dict[str, frozenset[str]]:
    """Put units together.

    Args:
        units: name of each thing that is asked for; one that comes twice is kept together, and counts twice.
        word: what groups are called: "queries".
        least: units that make a part.

    Returns:
        Part -> its units. {"": all of them} where the source is better read whole.
    """
    given = list(units)
    names = dict.fromkeys(given)
    parts = min(MOST, len(given) // least)
    if parts < FEWEST or len(names) < FEWEST or "" in names:
        return {"": frozenset(names)}
    if len(names) <= parts:
        return {name: frozenset({name}) for name in names}
    groups = 1 << (parts.bit_length() - 1)
    found: dict[str, set[str]] = {}
    for name in names:
        number = int.from_bytes(sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]) % groups + 1
        found.setdefault(f"{word}={number}/{groups}", set()).add(name)
    return {part: frozenset(found[part]) for part in sorted(found)}
