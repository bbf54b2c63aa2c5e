"""(10) Hosts that do not answer or do not end, and what they cost the others; (11) redirects that go round."""

import threading
import time

from benchmarks.safety.watched import Setting, crawl, source
from tests.servers.rude import WAYS, RudeServer
from tests.servers.web import Answer, Hit, WebServer

LIMIT = 3.0  # seconds for one answer in these crawls
HOSTS = 50
PAGES = 10  # of each healthy host, a second between two of them, as is the default
SLOW = ("silent", "slow-headers", "slow-body", "endless-body")


class Timed(WebServer):
    """Notes when each page was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []
        self._lock = threading.Lock()

    def answer(self, hit: Hit) -> Answer:
        if hit.path == "/robots.txt":
            return Answer(status=404)
        with self._lock:
            self.at.append(time.monotonic())
        return Answer(body=b"<title>page</title><p>" + b"words of a page " * 60)


def endings() -> None:
    """Print how long each way of not ending lasts."""
    print(f"(10) never ending, limit {LIMIT:.0f} s: ended within limit + 2 s")
    with RudeServer("127.0.0.2") as rude:
        for way in ("silent", *WAYS):
            setting = Setting(allow=(rude.allow,), hosts={}, crawler=f"timeout = {LIMIT}")
            seen = crawl(source("rude", [f"{rude.url}/{way}"]), setting)
            print(
                f"  {way}: {seen.seconds:.1f} s, {seen.peak:.0f} MB at most, stall {seen.stall:.2f} s, {seen.errors()}",
                flush=True,
            )


def together() -> None:
    """Print how much later healthy hosts are read because of slow ones, in one source and in a source each."""
    print(
        f"(10) {HOSTS} healthy hosts with {PAGES} pages each, a second apart, and {HOSTS} hosts that never end: < 20 %"
    )
    with RudeServer("127.0.0.2") as rude, Timed() as site:
        healthy = [
            [f"http://healthy{number}.test:{site.port}/{page}" for page in range(PAGES)] for number in range(HOSTS)
        ]
        slow = [[f"http://slow{number}.test:{rude.port}/{SLOW[number % len(SLOW)]}"] for number in range(HOSTS)]
        hosts = {f"healthy{number}.test": site.address for number in range(HOSTS)}
        hosts |= {f"slow{number}.test": rude.address for number in range(HOSTS)}
        setting = Setting(allow=(site.allow, rude.allow), hosts=hosts, crawler=f"timeout = {LIMIT}")
        for layout in ("a source each", "one source"):
            spent = []
            for groups in (healthy, [group for pair in zip(slow, healthy, strict=True) for group in pair]):
                joined = groups if layout == "a source each" else [[url for group in groups for url in group]]
                site.at.clear()
                crawl("".join(source(f"s{number}", urls, delay=1) for number, urls in enumerate(joined)), setting)
                assert len(site.at) == HOSTS * PAGES, len(site.at)
                spent.append(max(site.at) - min(site.at))
            alone, both = spent
            print(f"  {layout}: {alone:.1f} s alone, {both:.1f} s together, {both / alone - 1:+.0%}", flush=True)


def loops() -> None:
    """Print how often each loop is asked for."""
    print("(11) redirects that go round: at most 9 requests")
    with WebServer() as site:
        site.pages["/self"] = Answer(status=302, headers={"Location": "/self"})
        site.pages["/pair"] = Answer(status=307, headers={"Location": "/other"})
        site.pages["/other"] = Answer(status=301, headers={"Location": "/pair"})
        for length in range(40):
            onward = f"/longer{'x' * (length + 1)}"
            site.pages[f"/longer{'x' * length}"] = Answer(status=302, headers={"Location": onward})
            refresh = f'<meta http-equiv="refresh" content="0; url=/wait{"x" * (length + 1)}"><p>wait</p>'
            site.html(f"/wait{'x' * length}", refresh)
        for name in ("self", "pair", "longer", "wait"):
            site.hits.clear()
            seen = crawl(source("loop", [f"{site.url}/{name}"]), Setting(allow=(site.allow,), hosts={}))
            print(f"  {name}: {len(site.paths())} requests, {seen.errors()}", flush=True)


def main() -> None:
    """Run the three."""
    endings()
    together()
    loops()


if __name__ == "__main__":
    main()
