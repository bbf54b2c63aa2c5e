"""(17) Resident memory of the crawler over thousands of pages."""

import random
import time

from benchmarks.safety.watched import Setting, finished, resident, source, started
from tests.detector.images.drawn import encoded, photo
from tests.servers.web import Answer, Hit, WebServer

PAGES = 9_000
WARM = PAGES // 3  # pages after which caches are full; the slope is that of the rest


def page(hit: Hit) -> Answer:
    """Return a page of its own: three kilobytes of Japanese, and on every tenth an ad with a picture."""
    number = int(hit.path.rpartition("/")[2])
    draw = random.Random(number)
    words = "".join(chr(draw.randrange(0x3041, 0x3096)) for _ in range(1000))
    ad = (
        f'<div class="adsbygoogle"><a href="https://shop{number}.test/lp"><img src="/picture/{number % 40}.jpg" '
        f"width=300 height=250>星野電機 公式 90%OFF {number}</a></div>"
    )
    return Answer(body=f"<title>{number}</title><p>{words}</p>{ad if number % 10 == 0 else ''}".encode())


def main(pages: int = PAGES, warm: int = WARM) -> None:
    """Print memory at each sixth, and the slope after warming up."""
    print(f"(17) {pages:,} pages: slope of resident memory < 5 MB per 1,000 pages after the first {warm:,}")
    with WebServer() as site:
        for number in range(40):
            site.pages[f"/picture/{number}.jpg"] = Answer(
                body=encoded(photo(seed=number, size=(320, 240)), "JPEG"), kind="image/jpeg"
            )
        for number in range(pages):
            site.pages[f"/page/{number}"] = page
        urls = [f"{site.url}/page/{number}" for number in range(pages)]
        crawler = "timeout = 30\nper_host = 8\n[detector]\nwords = false"
        points: list[tuple[int, float]] = []
        with started(source("soak", urls), Setting(allow=(site.allow,), hosts={}, crawler=crawler)) as process:
            while process.poll() is None and len(site.hits) < pages:
                time.sleep(0.5)
                points.append((len(site.hits), resident(process.pid, "VmRSS")))
            seen = finished(process)
    later = [point for point in points if point[0] >= warm]
    print("  " + ", ".join(f"{count:,}: {size:.0f} MB" for count, size in points[:: max(1, len(points) // 6)]))
    print(
        f"  slope {_slope(later) * 1000:.2f} MB per 1,000 pages; {seen.seconds:.0f} s, {seen.peak:.0f} MB at most, "
        f"stall {seen.stall:.2f} s, {seen.sources[0].items:,} items, {seen.errors()}",
        flush=True,
    )


def _slope(points: list[tuple[int, float]]) -> float:
    """Return the slope of a line through points, least squares."""
    middle = sum(x for x, _ in points) / len(points)
    level = sum(y for _, y in points) / len(points)
    return sum((x - middle) * (y - level) for x, y in points) / sum((x - middle) ** 2 for x, _ in points)


if __name__ == "__main__":
    main()
