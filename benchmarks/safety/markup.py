"""(12) Hostile HTML: how long a page takes to be read or given up, and whether other downloads stand still."""

import time

from benchmarks.safety.slow import Timed
from benchmarks.safety.watched import Setting, crawl, source
from safety.sandbox import Sandbox, SandboxError
from tests.servers import bombs
from tests.servers.web import WebServer

TARGETS = ("spiders.pages.publisher:parse_page", "spiders.pages.landing:read_landing")
STEADY = 400  # pages of a healthy source, read while the hostile ones are


def alone() -> None:
    """Print the slowest pages."""
    print("(12) hostile HTML, read or given up in < 6 s")
    pages = {**bombs.markup(), **{f"{depth:,} nested divs": bombs.buried(depth) for depth in bombs.DEPTHS}}
    with Sandbox(workers=1) as sandbox:
        for target in TARGETS:
            sandbox.call(target, b"<p>warm", url="https://a.test/", asked="https://a.test/")
            seen = []
            for name, page in pages.items():
                start = time.monotonic()
                try:
                    sandbox.call(target, page.encode(), url="https://a.test/", asked="https://a.test/")
                    came = "read"
                except SandboxError as error:
                    came = str(error)
                seen.append((time.monotonic() - start, name, came))
            given_up = sum(came != "read" for _, _, came in seen)
            print(f"  {target}: {len(seen)} pages, {given_up} given up; the slowest:", flush=True)
            for seconds, name, came in sorted(seen, reverse=True)[:4]:
                print(f"    {seconds:.1f} s {name}: {came}")


def beside() -> None:
    """Print how long the event loop, and the downloads of a healthy source, stood still at most."""
    print("(12) all of them in one crawl beside a healthy source: no stall > 1 s")
    with WebServer() as site, Timed() as steady:
        for number, page in enumerate(bombs.markup().values()):
            site.html(f"/{number}", page)
        hostile = [f"{site.url}/{number}" for number in range(len(bombs.markup()))]
        healthy = [f"http://127.0.0.1:{steady.port}/{number}" for number in range(STEADY)]
        setting = Setting(allow=(site.allow, steady.allow), hosts={}, crawler="timeout = 30\nper_host = 4")
        tables = source("hostile", hostile, more="pictures = false") + source("healthy", healthy, delay=0.03)
        seen = crawl(tables, setting)
        gaps = [later - earlier for earlier, later in zip(steady.at, steady.at[1:], strict=False)]
        print(
            f"  {seen.seconds:.1f} s, event loop stood {seen.stall:.2f} s at most, healthy downloads "
            f"{max(gaps):.2f} s apart at most, {seen.peak:.0f} MB at most",
            flush=True,
        )


def main() -> None:
    """Run both."""
    alone()
    beside()


if __name__ == "__main__":
    main()
