"""(45) One host, read by several sources of one process: how often it is asked, and whether a pause holds for all."""

import threading
import time

from benchmarks.safety.watched import Setting, crawl, source
from tests.servers.web import Answer, Hit, WebServer

DELAY = 0.5  # seconds between two requests
SOURCES, PAGES = 3, 12
PAUSE = 4  # seconds that the host asks for


class Tired(WebServer):
    """Notes when it is asked, and asks for a pause once."""

    def __init__(self, pause_at: int) -> None:
        super().__init__()
        self.at: list[float] = []
        self._pause_at = pause_at
        self._lock = threading.Lock()

    def answer(self, hit: Hit) -> Answer:
        with self._lock:
            self.at.append(time.monotonic())
            if len(self.at) == self._pause_at:
                return Answer(status=503, headers={"Retry-After": str(PAUSE)})
        return Answer(status=404) if hit.path == "/robots.txt" else Answer(body=b"<title>page</title><p>words</p>")


def main() -> None:
    """Print both."""
    print(f"(45) {SOURCES} sources at one host, delay {DELAY} s: rate within 5 %; a pause of {PAUSE} s holds for all")
    for pause_at in (0, 15):
        with Tired(pause_at) as site:
            tables = "".join(
                source(f"s{number}", [f"{site.url}/{number}/{page}" for page in range(PAGES)], delay=DELAY)
                for number in range(SOURCES)
            )
            crawl(tables, Setting(allow=(site.allow,), hosts={}))
            gaps = [later - earlier for earlier, later in zip(site.at, site.at[1:], strict=False)]
            if pause_at:
                print(f"  {max(gaps):.2f} s without a request after Retry-After: {PAUSE}")
            else:
                mean = sum(gaps) / len(gaps)
                print(
                    f"  {len(gaps) + 1} requests, {mean:.3f} s apart on average ({mean / DELAY - 1:+.1%}), "
                    f"{min(gaps):.3f} s at least",
                    flush=True,
                )


if __name__ == "__main__":
    main()
