"""What a page costs from the socket to the database: CPU of the whole pipeline beside a bare Scrapy spider.

`python -m benchmarks.pipeline [--pages 5000]` makes pages of 30 to 60 kB as Japanese shops and publishers write them,
some of them with the brand, serves them from a process of its own, and reads the same addresses twice, each time in a
fresh process with 16 requests at the same time, robots.txt obeyed, pictures not fetched:

* bare: Scrapy downloads; parsel finds title, description, the absolute addresses of links and pictures with their
  texts, and all visible text; one JSON line a page.
* mekiki: `mekiki crawl` with SQLite: guarded resolver, bounded handler, pages parsed in killable children, ads looked
  for, five brands judged, items, verdicts, cases and intents stored.

CPU is that of the process and all its children, as `wait4` tells it; the server's is not in it. What the process itself
grows by is fitted to its size, looked at five times a second.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

from aiohttp import web

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261130
BRANDED = 0.04  # of the pages name the brand; half of those pose as it
CONFIG = """
[crawler]
contact = "abuse@hoshino-denki.example"
concurrency = 16
per_host = 16
[egress]
allow = ["127.0.0.1:{port}"]
hosts = {{ {hosts} }}
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["Hoshino Denki", "hoshinodenki"]
domains = ["hoshino-denki.example"]
{brands}
{sources}
"""
OTHERS = ("青葉銀行", "みなと商店", "北斗モバイル", "さくら配送")
BARE = """
import sys
import scrapy
from scrapy.crawler import CrawlerProcess

class Bare(scrapy.Spider):
    name = "bare"

    async def start(self):
        for url in open(sys.argv[1]):
            yield scrapy.Request(url.strip(), dont_filter=True)

    def parse(self, response):
        texts = response.xpath("//body//text()[not(parent::script or parent::style or parent::noscript)]").getall()
        yield {
            "url": response.url,
            "title": response.xpath("normalize-space(//title)").get(),
            "description": response.xpath("//meta[@name='description']/@content").get(),
            "links": [
                (response.urljoin(link.attrib["href"]), "".join(link.xpath(".//text()").getall()).strip())
                for link in response.xpath("//a[@href]")
            ],
            "images": [
                (response.urljoin(image.attrib["src"]), image.attrib.get("alt", ""))
                for image in response.xpath("//img[@src]")
            ],
            "text": " ".join(filter(None, (text.strip() for text in texts))),
        }

process = CrawlerProcess({
    "FEEDS": {sys.argv[2]: {"format": "jsonlines"}},
    "CONCURRENT_REQUESTS": 16,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "ROBOTSTXT_OBEY": True,
    "COOKIES_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_LEVEL": "WARNING",
})
process.crawl(Bare)
process.start()
"""
_NOUNS = (
    "冷蔵庫",
    "洗濯機",
    "炊飯器",
    "掃除機",
    "扇風機",
    "暖房",
    "加湿器",
    "照明",
    "電池",
    "時計",
    "食器",
    "水筒",
    "手帳",
    "自転車",
)
_ADJECTIVES = ("静かな", "軽い", "丈夫な", "小型の", "省エネの", "人気の", "新しい", "便利な", "旬の", "限定の")
_VERBS = ("届きました。", "発売します。", "入荷しました。", "選ばれています。", "値下げしました。", "お試しください。")
_SITES = ("shop", "news", "blog", "mall", "tips")


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading all pages took."""

    cpu: float  # seconds, children included
    wall: float  # seconds
    memory: int  # MB, the largest process
    slope: float  # MB a second that the process itself grows by, its first third left out


def sentence(pick: random.Random, words: int = 4) -> str:
    parts = [f"{pick.choice(_ADJECTIVES)}{pick.choice(_NOUNS)}が" for _ in range(words)]
    return "、".join(parts) + pick.choice(_VERBS)


def page(number: int) -> str:
    """Return one page; the same number gives the same page."""
    pick = random.Random(SEED + number)
    branded = pick.random() < BRANDED
    posing = branded and pick.random() < 0.5
    title = sentence(pick, 1)
    if branded:
        title = f"【公式】星野電機 アウトレット {title} 80%OFF" if posing else f"星野電機の{title}"
    size = pick.randint(30_000, 60_000)
    parts = [
        f'<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="description" content="{sentence(pick)}"><meta property="og:title" content="{title}">',
        f'<link rel="canonical" href="/p/{number}">',
        f"<style>{'.c{margin:0 auto;padding:4px 8px;color:#333}' * 30}</style>",
        f"<script>window.dataLayer=window.dataLayer||[];{'dataLayer.push({event:1});' * 60}</script></head><body>",
        "<header><nav><ul>",
        *(f'<li class="nav-item"><a href="/c/{n}?from=nav">{pick.choice(_NOUNS)}</a></li>' for n in range(30)),
        "</ul></nav></header><main>",
    ]
    written = sum(len(part.encode()) for part in parts)
    block = 0
    while written < size:
        block += 1
        kind = pick.random()
        if kind < 0.45:
            words = f"<p class='c t{block}'>{''.join(sentence(pick) for _ in range(3))}</p>"
        elif kind < 0.8:
            words = (
                f'<article class="card"><a href="/p/{pick.randrange(100_000)}?ref={block}"><img src="/i/{block}.jpg" '
                f'alt="{pick.choice(_NOUNS)}" width="320" height="240" loading="lazy"><h3>{sentence(pick, 1)}</h3>'
                f'<span class="price">{pick.randrange(500, 90_000):,}円(税込)</span></a></article>'
            )
        elif kind < 0.97:
            words = f"<section><h2>{sentence(pick, 1)}</h2><div><div><p>{sentence(pick)}</p></div></div></section>"
        else:
            words = (
                f'<div class="ad-slot"><ins class="adsbygoogle" data-ad-slot="{block}"></ins><a rel="sponsored" '
                f'href="https://ads{pick.randrange(50)}.test/click?id={block}">PR {sentence(pick, 1)}</a></div>'
            )
        if posing and block == 5:
            words += '<a href="https://hoshinodenki-outlet.test/login">星野電機 公式ショップへ LINEで友だち追加</a>'
        parts.append(words)
        written += len(words.encode())
    parts.append("</main><footer>" + "".join(f'<a href="/f/{n}">{sentence(pick, 1)}</a>' for n in range(12)))
    parts.append("</footer></body></html>")
    return "\n".join(parts)


def serve(pages: int) -> None:
    """Serve the pages, made beforehand, on a free port that is printed first."""
    bodies = [page(number).encode() for number in range(pages)]

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nAllow: /\n")
        return web.Response(
            body=bodies[int(request.path.rpartition("/")[2])], content_type="text/html", charset="utf-8"
        )

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], sum(map(len, bodies)) // pages, flush=True)
        await asyncio.Event().wait()

    asyncio.run(run())


def cost(command: list[str], **environment: str) -> Cost:
    """Run a command to its end; return what it and all its children took."""
    began = os.times().elapsed
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={**os.environ, **environment}
    )
    sizes: list[tuple[float, float]] = []
    ended, status, usage = 0, 0, None
    while not ended:
        sizes.append((os.times().elapsed - began, int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) / 256))
        time.sleep(0.2)
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    assert usage is not None
    code = process.returncode = os.waitstatus_to_exitcode(status)
    assert code in (0, 4), (command, code)
    late = sizes[len(sizes) // 3 : -3]
    slope = linear_regression(*zip(*late, strict=True)).slope if len(late) > 9 else 0.0
    return Cost(usage.ru_utime + usage.ru_stime, os.times().elapsed - began, usage.ru_maxrss // 1024, slope)


def configure(folder: Path, port: int, urls: list[str]) -> Path:
    """Write a configuration that reads these addresses, five brands in all."""
    file = folder / "mekiki.toml"
    brands = "".join(f'[[brand]]\nkey = "b{n}"\nname = "{name}"\n' for n, name in enumerate(OTHERS))
    source = (
        f'[[source]]\nkey = "pages"\nkind = "web"\ndelay = 0\npictures = false\nmax_pages = {len(urls)}\n'
        f"urls = {json.dumps(urls)}\n"
    )
    hosts = ", ".join(f'"{site}.test" = "127.0.0.1"' for site in _SITES)
    file.write_text(CONFIG.format(port=port, hosts=hosts, brands=brands, sources=source), "utf-8")
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU per page of the whole pipeline beside a bare Scrapy spider")
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--only", choices=("bare", "mekiki"))
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        serve(options.pages)
        return
    server = [sys.executable, "-m", "benchmarks.pipeline", "--serve", "--pages", str(options.pages)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(server, cwd=ROOT, stdout=subprocess.PIPE, text=True) as served,
    ):
        assert served.stdout is not None
        port, size = map(int, served.stdout.readline().split())
        paths = [f":{port}/p/{number}" for number in range(options.pages)]
        spent: dict[str, Cost] = {}
        if options.only != "mekiki":
            addresses = Path(folder) / "urls"
            addresses.write_text("".join(f"http://127.0.0.1{path}\n" for path in paths))
            spent["bare"] = cost([sys.executable, "-c", BARE, str(addresses), f"{folder}/bare.jsonl"])
            with Path(folder, "bare.jsonl").open("rb") as lines:
                assert sum(1 for _ in lines) == options.pages
        if options.only != "bare":
            urls = [f"http://{_SITES[n % len(_SITES)]}.test{path}" for n, path in enumerate(paths)]
            file = configure(Path(folder), port, urls)
            spent["mekiki"] = cost([sys.executable, "-m", "cli", "crawl", "-c", str(file)])
        served.terminate()
    print(f"{options.pages} pages of {size / 1000:.0f} kB")
    for name, took in spent.items():
        print(
            f"{name:>7}: {took.cpu / options.pages * 1000:6.2f} ms CPU a page, {options.pages / took.wall:.1f} pages/s,"
            f" largest process {took.memory} MB, {took.slope * took.wall / options.pages * 1000:+.1f} MB a thousand"
        )
    if len(spent) == 2:
        print(f"  ratio: {spent['mekiki'].cpu / spent['bare'].cpu:.2f}")


if __name__ == "__main__":
    main()
