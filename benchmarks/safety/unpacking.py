"""(9) A gigabyte in each packing: seconds, resident memory of the crawler, what it is recorded as."""

from benchmarks.safety.watched import Setting, crawl, source
from tests.servers import bombs
from tests.servers.web import Answer, WebServer


def main() -> None:
    """Print a line for each packing."""
    print("(9) 1 GB packed: < 250 MB, < 2 s, too_large; many layers beside it")
    packed = {**bombs.encodings(), ", ".join(["gzip"] * 2000): bombs.layers(100)}
    with WebServer() as site:
        for number, (encoding, body) in enumerate(packed.items()):
            site.pages[f"/{number}"] = Answer(body=body, headers={"Content-Encoding": encoding})
            seen = crawl(source("bomb", [f"{site.url}/{number}"]), Setting(allow=(site.allow,), hosts={}))
            name = encoding if len(encoding) < 20 else "gzip 2,000 times"
            print(
                f"  {name}: {len(body):,} bytes, {seen.seconds:.2f} s, {seen.peak:.0f} MB at most "
                f"({seen.before:.0f} before), stall {seen.stall:.2f} s, {seen.errors()}",
                flush=True,
            )


if __name__ == "__main__":
    main()
