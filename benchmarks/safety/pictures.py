"""(14) Hostile pictures: seconds and memory of the child that decodes them, and of the crawler that fetches them.

`python -m benchmarks.hostile_pictures` sends changed and cut files, too, and reads words.
"""

import time

from benchmarks.hostile_pictures import bombs as large
from benchmarks.safety.watched import Setting, crawl, resident, source
from safety.sandbox import Refused, Sandbox, SandboxError
from tests.detector.images.drawn import encoded, photo
from tests.servers import bombs
from tests.servers.web import Answer, WebServer

TARGET = "detector.images.decode:inspect"


def main() -> None:
    """Print the slowest, the largest, and what a crawl of all of them needs."""
    pictures = {**dict(bombs.pictures()), **dict(large())}
    ordinary = encoded(photo(seed=1, size=(1200, 900)), "JPEG")
    print(f"(14) {len(pictures)} hostile pictures: 0 crashes, < +250 MB, < 3 s each, refused ones keep their hash")
    seen = []
    for name, data in pictures.items():
        with Sandbox(workers=1) as sandbox:
            sandbox.call(TARGET, ordinary)
            (child,) = sandbox._children
            before, start = resident(child._process.pid), time.monotonic()
            came = "read"
            try:
                sandbox.call(TARGET, data)
            except Refused:
                came = "refused"
            except SandboxError as error:
                came = f"CRASH {error}"
            seconds = time.monotonic() - start
            more = resident(child._process.pid) - before if came in ("read", "refused") else 0.0
            seen.append((seconds, more, name, came))
    counts = {came: sum(one[3] == came for one in seen) for came in sorted({one[3] for one in seen})}
    slowest, largest = max(seen), max(seen, key=lambda one: one[1])
    print(f"  the child: {counts}; slowest {slowest[0]:.1f} s ({slowest[2]}), +{largest[1]:.0f} MB ({largest[2]})")
    with WebServer() as site:
        for number, data in enumerate(pictures.values()):
            site.pages[f"/{number}.png"] = Answer(body=data, kind="image/png")
        shown = "".join(f'<img src="/{number}.png" width=300>' for number in range(len(pictures)))
        site.html("/", f"<title>gallery</title><p>words</p>{shown}")
        crawled = crawl(
            source("gallery", [f"{site.url}/"]),
            Setting(allow=(site.allow,), hosts={}, crawler="timeout = 30\n[detector]\nwords = false"),
        )
        print(
            f"  the crawler: {crawled.seconds:.1f} s, +{crawled.peak - crawled.before:.0f} MB, "
            f"stall {crawled.stall:.2f} s, {crawled.errors()}",
            flush=True,
        )


if __name__ == "__main__":
    main()
