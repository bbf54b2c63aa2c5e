"""Cookies of journeys: the second visit of a visitor has those of the first; nobody and no other link has them."""

from collections import defaultdict
from http.cookies import SimpleCookie
from itertools import count

import pytest

from tests.servers.crawling import Crawling
from tests.servers.programs import mekiki
from tests.servers.web import Answer, Hit, WebServer

VISITORS = """
[[visitor]]
key = "twice"
user_agent = "twice"
times = 2
pause = 0

[[visitor]]
key = "also-twice"
user_agent = "also-twice"
times = 2
pause = 0

[[visitor]]
key = "once"
user_agent = "once"
"""


class Counting(WebServer):
    """Gives everybody a number who has none, and one to a foreign host."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(1)
        self.seen: defaultdict[tuple[str, str, str], list[str | None]] = defaultdict(list)

    def answer(self, hit: Hit) -> Answer:
        super().answer(hit)
        cookies = {name: morsel.value for name, morsel in SimpleCookie(hit.headers.get("cookie", "")).items()}
        host, path = hit.host.partition(":")[0], hit.path
        self.seen[hit.headers["user-agent"], host, path].append(cookies.get("number"))
        number = cookies.get("number") or str(next(self._numbers))
        given = {"Set-Cookie": f"number={number}; Path=/"}
        if path.startswith("/go"):
            where = f"http://end.test:{hit.host.rpartition(':')[2]}/end{path[3:]}"
            return Answer(status=302, headers={"Location": where, **given})
        return Answer(body=b"<title>shop</title><p>" + b"words " * 60, headers=given)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], list[str | None]]:
    crawling = Crawling(tmp_path_factory.mktemp("cookies"))
    with Counting() as server:
        crawling.configure(VISITORS, allow=[server.allow], hosts={"shop.test": "127.0.0.1", "end.test": "127.0.0.1"})
        links = [f"http://shop.test:{server.port}/go/{number}" for number in range(3)]
        done = mekiki("visit", *links, "-c", crawling.file)
        assert done.returncode in (0, 4), done.stderr
    return dict(server.seen)


@pytest.mark.parametrize("visitor", ["twice", "also-twice"])
def test_the_second_visit_has_the_cookies_of_the_first(
    visitor: str, seen: dict[tuple[str, str, str], list[str | None]]
) -> None:
    for link in range(3):
        for host, path in (("shop.test", f"/go/{link}"), ("end.test", f"/end/{link}")):
            first, second = seen[visitor, host, path]
            assert first is None
            assert second is not None


def test_nobody_has_the_cookies_of_another_visitor_link_or_host(
    seen: dict[tuple[str, str, str], list[str | None]],
) -> None:
    numbers = [number for given in seen.values() for number in given if number is not None]
    assert len(numbers) == len(set(numbers)) == 12  # two visitors, three links, two hosts each
    assert all(given == [None] for (visitor, _, _), given in seen.items() if visitor == "once")
    assert len(seen) == 18
