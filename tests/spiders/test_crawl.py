"""A crawl over real HTTP and files: what becomes an item, what becomes one clear line, what is asked for again."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.detector.images.drawn import photo
from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer

FRAUD = "星野電機 公式アウトレット 最大90%OFF 本日限り"


def jpeg() -> bytes:
    image = Image.new("RGB", (320, 240), "white")
    draw = ImageDraw.Draw(image)
    for step in range(0, 320, 16):
        draw.rectangle((step, step // 2, step + 30, step // 2 + 40), fill=(step % 255, 80, 255 - step % 255))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def ad(click: str, picture: str = "/creative.jpg") -> str:
    return (
        '<div class="adsbygoogle" data-ad-client="ca-pub-1">'
        f'<a href="https://www.googleadservices.test/pagead/aclk?sa=L&amp;ai={click}'
        '&amp;adurl=https://hoshino-denki-sale.test/shop">'
        f'<img src="{picture}" width="300" height="250" alt="">{FRAUD}</a></div>'
    )


class World:
    """Sources of every kind, healthy and sick, crawled twice."""

    def __init__(self, folder: Path) -> None:
        self.crawling = Crawling(folder)
        with WebServer() as site:
            self.site = site
            self._pages()
            self._files(folder)
            self.crawling.configure(self._sources(), allow=[site.allow])
            lines = b'{"id":"i1","kind":"post"}\n{"id":1}\n\n{"id":"i2","kind":"post"}\n'
            self.first = self.crawling.crawl(lines)
            self.asked_first = list(site.hits)
            self.second = self.crawling.crawl(lines)
            self.asked_second = site.hits[len(self.asked_first) :]

    def _pages(self) -> None:
        site = self.site
        news = f"<html lang=ja><title>ニュース</title><p>本文です。</p>{ad('one')}<a href='/more'>続き</a>"
        site.pages["/news"] = lambda hit: self._steady(hit, news)
        site.html("/more", f"<html lang=ja><title>続き</title><p>別の本文です。</p>{ad('two')}")
        site.pages["/creative.jpg"] = Answer(body=jpeg(), kind="image/jpeg")
        site.html("/half", f"<title>half</title><p>text</p>{ad('three', '/half.jpg')}")
        site.pages["/half.jpg"] = Answer(body=jpeg()[:900], kind="image/jpeg")
        body = "<title>星野電機の話</title><p>シフトJISの本文です。ソース表示。</p>".encode("cp932")
        site.pages["/sjis"] = Answer(body=body, kind="text/html; charset=Shift_JIS")
        site.pages["/eucjp"] = Answer(
            body="<title>星野電機</title><p>日本語EUCの本文です。</p>".encode("euc_jp"), kind="text/html"
        )
        site.pages["/steady"] = self._steady
        site.pages["/steady.csv"] = self._steady
        site.pages["/bad.csv"] = Answer(body=b"id,url\na,http://a.test/\nbroken\nb,http://b.test/\n", kind="text/csv")

    def _steady(self, hit: Hit, body: str = "id,url\nsteady,http://steady.test/\n") -> Answer:
        if hit.headers.get("if-none-match") == '"v1"':
            return Answer(status=304)
        kind = "text/csv" if hit.path.endswith("csv") else "text/html"
        return Answer(body=body.encode(), kind=kind, headers={"ETag": '"v1"'})

    def _files(self, folder: Path) -> None:
        (folder / "lists").mkdir()
        (folder / "lists" / "1.csv").write_text("id,url\n1,http://one.test/\n", "utf-8")
        (folder / "lists" / "2.csv").write_text("id,url\n2,http://hoshino-denki-sale.test/\n", "utf-8")
        (folder / "own.jpg").write_bytes(jpeg())
        (folder.parent / "outside.jpg").write_bytes(jpeg()[:-40] + b"outside the folder")
        rows = [
            {"id": "p1", "kind": "ad", "platform": "meta", "images": ["own.jpg", "../outside.jpg"]},
            {"id": "old", "kind": "ad", "first_shown": "2020-01-01"},
        ]
        (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def _sources(self) -> str:
        url = self.site.url
        columns = 'delay = 0\ncolumns = { id = "id", url = "url" }\nformat = "csv"\n'
        tables = {
            "news": f'kind = "web"\nurls = ["{url}/news"]\nfollow = ["/more$"]\ndelay = 0',
            "half": f'kind = "web"\nurls = ["{url}/half"]\ndelay = 0',
            "japanese": f'kind = "web"\nurls = ["{url}/sjis", "{url}/eucjp"]\ndelay = 0',
            "steady": f'kind = "web"\nurls = ["{url}/steady"]\ndelay = 0',
            "steady_feed": f'kind = "feed"\nurls = ["{url}/steady.csv"]\n{columns}',
            "bad": f'kind = "feed"\nurls = ["{url}/bad.csv", "{url}/gone.csv"]\n{columns}',
            "files": f'kind = "feed"\npaths = ["lists/*.csv"]\n{columns}',
            "nothing": 'kind = "import"\npath = "absent/*.jsonl"',
            "standard": 'kind = "import"\npath = "-"',
            "items": 'kind = "import"\npath = "items.jsonl"',
            "off": f'kind = "web"\nurls = ["{url}/off"]\nenabled = false',
        }
        return "".join(f'[[source]]\nkey = "{key}"\n{table}\n' for key, table in tables.items())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("crawl") / "site"
    folder.mkdir()
    return World(folder)


def test_pages_and_ads_become_items(world: World) -> None:
    report = world.first["news"]
    assert report.outcome == "ok", report
    assert report.items == 4
    rows = world.crawling.rows(
        "SELECT i.kind, count(*) FROM items i JOIN sightings s ON s.item_id = i.id "
        "WHERE s.source = 'news' GROUP BY 1, i.id"
    )
    assert ("ad", 4) in rows, "one creative on two pages, seen in two runs, is one item with four sightings"


def test_an_ad_keeps_its_exact_link_and_page(world: World) -> None:
    contents = world.crawling.rows("SELECT content FROM item_versions WHERE content LIKE '%aclk%'")
    links = {link for (content,) in contents for link in json.loads(content)["links"]}
    assert (
        "https://www.googleadservices.test/pagead/aclk?sa=L&ai=one&adurl=https://hoshino-denki-sale.test/shop" in links
    )
    pages = world.crawling.rows("SELECT DISTINCT publisher_url FROM sightings WHERE publisher_url IS NOT NULL")
    assert (f"{world.site.url}/more",) in pages


def test_the_fraud_is_flagged_in_one_case(world: World) -> None:
    assert world.first["news"].flagged == 2
    assert world.first["files"].flagged == 1
    assert world.crawling.rows("SELECT count(*) FROM alert_intents WHERE state = 'pending'") >= [(1,)]


def test_where_an_ad_leads_is_not_visited(world: World) -> None:
    assert {hit.path.partition("?")[0] for hit in world.asked_first} <= {
        "/robots.txt", "/news", "/more", "/creative.jpg", "/half", "/half.jpg", "/sjis", "/eucjp", "/steady",
        "/steady.csv", "/bad.csv", "/gone.csv",
    }  # fmt: skip


def test_pictures_are_kept_by_content(world: World) -> None:
    rows = world.crawling.rows("SELECT sha256, rendition, width FROM pictures WHERE refused IS NULL")
    assert rows
    for address, rendition, width in rows:
        assert width == 320
        for name in (address, rendition):
            assert (world.crawling.folder / "media" / name[:2] / name[2:4] / name).is_file()


def test_a_truncated_picture_keeps_digest_and_reason(world: World) -> None:
    report = world.first["half"]
    assert report.errors == {"picture_refused": 1}
    assert "/half.jpg: the picture is" in report.problems[0]
    assert report.items == 2
    assert len(world.crawling.rows("SELECT refused FROM pictures WHERE refused IS NOT NULL AND hash IS NULL")) == 1


def test_japanese_encodings_are_read(world: World) -> None:
    assert world.first["japanese"].items == 2, world.first["japanese"]
    contents = "".join(row[0] for row in world.crawling.rows("SELECT content FROM item_versions"))
    texts = json.dumps(contents, ensure_ascii=False)
    for words in ("シフトJISの本文です。ソース表示。", "日本語EUCの本文です。"):
        assert words in texts or json.dumps(words)[1:-1] in contents


def test_an_unchanged_answer_is_not_read_again(world: World) -> None:
    for key in ("steady", "steady_feed"):
        assert world.first[key].items == 1
        assert (world.second[key].items, world.second[key].unchanged) == (0, 1), world.second[key]
        assert world.second[key].outcome == "ok"


def test_a_page_whose_links_are_followed_is_read_again(world: World) -> None:
    report = world.second["news"]
    assert (report.items, report.new, report.unchanged) == (4, 0, 0)


def test_a_bad_line_is_named_by_its_number(world: World) -> None:
    report = world.first["bad"]
    assert report.items == 2
    assert report.errors == {"bad_line": 1, "http_404": 1}
    assert any("/bad.csv: line 3:" in line for line in report.problems), report.problems
    assert any("/gone.csv: answered 404" in line for line in report.problems)
    assert report.outcome == "partial"


def test_files_are_read_by_pattern(world: World) -> None:
    assert world.first["files"].items == 2
    assert world.first["files"].requests == 0


def test_an_absent_file_is_told(world: World) -> None:
    report = world.first["nothing"]
    assert (report.outcome, report.errors) == ("failed", {"no_file": 1})


def test_items_come_from_standard_input(world: World) -> None:
    report = world.first["standard"]
    assert report.items == 2
    assert report.errors == {"bad_line": 1}
    assert "line 2:" in report.problems[0]


def test_an_import_reads_pictures_beside_it_only(world: World) -> None:
    assert world.first["items"].items == 2
    kept = world.crawling.rows("SELECT DISTINCT reference FROM version_pictures WHERE reference LIKE '%.jpg'")
    assert ("own.jpg",) in kept
    assert ("../outside.jpg",) not in kept


def test_a_disabled_source_is_left_out(world: World) -> None:
    assert "off" not in {source.key for source in world.first.sources}


def test_runs_are_recorded(world: World) -> None:
    rows = world.crawling.rows("SELECT source, outcome FROM runs WHERE source IN ('news', 'bad') ORDER BY id")
    assert sorted(rows) == [("bad", "partial"), ("bad", "partial"), ("news", "ok"), ("news", "ok")]


def test_a_dry_run_with_limits_writes_nothing_and_shows_what_it_flagged(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    rows: list[dict[str, str]] = [
        {"id": "old", "kind": "domain", "url": "http://hoshino-denki-old.test/", "first_shown": "2020-01-01"},
        {"id": "new", "kind": "post", "first_shown": "2026-01-01"},
        {"id": "fraud", "kind": "domain", "url": "http://hoshino-denki-sale.test/"},
        {"id": "beyond", "kind": "domain", "url": "http://hoshino-denki-shop.test/"},
    ]
    (tmp_path / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    crawling.configure('[[source]]\nkey = "list"\nkind = "import"\npath = "list.jsonl"', allow=[])
    report = crawling.crawl(dry_run=True, limit=2, since="2024-01-01")
    assert report["list"].items == 2
    assert [item["id"] for item, _ in report.flagged] == ["fraud"]
    assert crawling.rows("SELECT count(*) FROM items") == [(0,)]
    assert crawling.rows("SELECT count(*) FROM runs") == [(0,)]
    assert not (tmp_path / "media").exists()


def test_a_link_dressed_up_with_a_user_is_followed_to_the_host_that_answers(tmp_path: Path) -> None:
    with WebServer() as server:
        server.html("/", f'<a href="http://hoshino-denki.example@{server.allow}/shop">星野電機</a>')
        server.html("/shop", "<title>星野電機 公式 閉店セール</title>")
        crawling = Crawling(tmp_path)
        source = f'[[source]]\nkey = "s"\nkind = "web"\nurls = ["{server.url}/"]\nfollow = ["."]\ndelay = 0.0'
        crawling.configure(source, allow=[server.allow])
        report = crawling.crawl()
    assert server.paths() == ["/", "/shop"]
    assert report["s"].items == 2
    assert not report["s"].errors


def test_what_moves_is_looked_at_scene_by_scene(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="av is absent: install mekiki[words]")
    scenes = [photo(seed=70 + number, size=(320, 240)) for number in range(3)]
    with av.open(str(tmp_path / "ad.mp4"), "w") as video:
        stream = video.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(30):
            video.mux(stream.encode(av.VideoFrame.from_image(scenes[number // 10])))
        video.mux(stream.encode())
    row = {"id": "v", "kind": "ad", "platform": "meta", "videos": ["ad.mp4", "cut.mp4", "gone.mp4"]}
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "ad.mp4").read_bytes()[:300])
    (tmp_path / "list.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    out = io.BytesIO()
    scenes[0].save(out, "GIF", save_all=True, append_images=scenes[1:], duration=1000)
    with WebServer() as server:
        server.html("/", '<title>sale</title><img src="/moving.gif">')
        server.pages["/moving.gif"] = Answer(body=out.getvalue(), kind="image/gif")
        crawling = Crawling(tmp_path)
        sources = f"""
[[source]]
key = "list"
kind = "import"
path = "list.jsonl"
[[source]]
key = "web"
kind = "web"
urls = ["{server.url}/"]
delay = 0.0
"""
        crawling.configure(sources, allow=[server.allow])
        report = crawling.crawl()
    assert report["list"].errors == {"picture_refused": 1}
    assert "cut.mp4: the video is" in report["list"].problems[0]
    kept = [name for (name,) in crawling.rows("SELECT reference FROM version_pictures ORDER BY reference")]
    assert [name.partition("#")[0].rpartition("/")[2] for name in kept] == ["ad.mp4"] * 3 + ["moving.gif"] * 4
    shown = crawling.rows("SELECT count(*) FROM pictures WHERE mime = 'image/jpeg' AND width = 320")
    assert shown == [(6,)]
    content = json.dumps(crawling.rows("SELECT content FROM item_versions"))
    assert "moving.gif#t=1.00" in content
    assert "ad.mp4#t=" in content


def test_a_wall_in_front_of_a_page_is_blocked_and_no_empty_success(tmp_path: Path) -> None:
    with WebServer() as server:
        server.html("/", "<title>Just a moment...</title><p>Checking your browser</p>")
        crawling = Crawling(tmp_path)
        source = f'[[source]]\nkey = "walled"\nkind = "web"\nurls = ["{server.url}/"]\n'
        crawling.configure(source, allow=[server.allow])
        report = crawling.crawl()["walled"]
        assert (report.outcome, report.items, report.errors) == ("blocked", 0, {"blocked": 1})
        assert "captcha or bot check" in report.problems[0]
        server.html("/", "<title>Sale</title><p>Open again</p>")
        assert crawling.crawl()["walled"].outcome == "ok"
