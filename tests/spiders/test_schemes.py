"""`file: ftp: data: s3: gopher:` and their like: on no path is anything but http and https asked for."""

import json
from pathlib import Path

import pytest

from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Canary, WebServer

SECRET = "words-of-a-local-file"
INLINE = "words-of-an-address"


class World:
    """Every scheme on every path on which an address can come in."""

    def __init__(self, folder: Path) -> None:
        self.crawling = Crawling(folder)
        local = folder / "secret.html"
        local.write_text(f"<title>{SECRET}</title>", "utf-8")
        with WebServer() as site, Canary() as canary:
            at = f"127.0.0.1:{canary.port}"
            self.targets = (
                local.as_uri(),
                f"file://{at}/{local}",
                f"ftp://{at}/x.html",
                f"gopher://{at}/_GET%20/",
                f"s3://{at}/key",
                f"data:text/html,<title>{INLINE}</title>",
                f"ws://{at}/",
                f"dict://{at}/x",
                f"view-source:http://{at}/",
                f"jar:http://{at}/!x",
                f"javascript:location='http://{at}/'",
                f"FILE://{local}",
                f"httpx://{at}/",
            )
            self._lay(site)
            self.crawling.configure(self._sources(site), allow=[site.allow], crawler="timeout = 5")
            self.report = self.crawling.crawl()
            self.alarms = canary.alarms
            self.paths = site.paths()

    def _lay(self, site: WebServer) -> None:
        numbers = range(len(self.targets))
        links = "".join(f'<a href="{target}">x</a>' for target in self.targets)
        shown = "".join(
            f'<img src="{target}" width=300><video src="{target}"></video><iframe src="{target}"></iframe>'
            for target in self.targets
        )
        onward = "".join(f'<a href="/to/{number}">x</a><a href="/wait/{number}">x</a>' for number in numbers)
        ads = "".join(
            f'<div class="adsbygoogle"><a href="{target}"><img src="{target}" width=300 height=250></a></div>'
            for target in self.targets
        )
        site.html("/hub", f"<title>hub</title><p>words</p>{links}{shown}{ads}{onward}")
        for number, target in enumerate(self.targets):
            site.pages[f"/to/{number}"] = Answer(status=302, headers={"Location": target})
            site.html(f"/wait/{number}", f'<meta http-equiv="refresh" content="0; url={target}"><p>wait</p>')
            site.pages[f"/visit/{number}"] = Answer(status=302, headers={"Location": target})
        rows = "".join(f"<url><loc>{target}</loc></url>" for target in self.targets)
        site.pages["/sitemap.xml"] = Answer(
            body=f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode(),
            kind="text/xml",
        )
        data = [
            {"id": str(number), "images": [target], "videos": [target]} for number, target in enumerate(self.targets)
        ]
        site.pages["/rows.json"] = Answer(
            body=json.dumps({"data": data, "next": self.targets[0]}).encode(), kind="application/json"
        )
        related = {"rel": "related", "type": "application/rdap+json", "href": self.targets[0]}
        domain = {"objectClassName": "domain", "ldhName": "SHOP.TEST", "links": [related]}
        services = {"services": [[["test"], [f"{site.url}/"]], [["example"], [f"{self.targets[0]}/"]]]}
        site.pages["/dns.json"] = Answer(body=json.dumps(services).encode(), kind="application/json")
        site.pages["/domain/shop.test"] = Answer(body=json.dumps(domain).encode(), kind="application/rdap+json")

    def _sources(self, site: WebServer) -> str:
        visits = json.dumps([f"{site.url}/visit/{number}" for number in range(len(self.targets))])
        tables = {
            "hub": f'kind = "web"\nurls = ["{site.url}/hub"]\nfollow = ["."]\ndepth = 3',
            "sitemap": f'kind = "web"\nsitemaps = ["{site.url}/sitemap.xml"]',
            "rows": f'kind = "json"\nurl = "{site.url}/rows.json"\nitems = "data"\nnext = "next"\n'
            'fields = { id = "id", images = "images", videos = "videos" }',
            "registry": f'kind = "rdap"\nurl = "{site.url}/dns.json"\ndomains = ["shop.test", "shop.example"]',
            "visits": f'kind = "visits"\nlinks = {visits}',
        }
        visitor = '[[visitor]]\nkey = "v"\nuser_agent = "x"\n'
        return visitor + "".join(f'[[source]]\nkey = "{key}"\ndelay = 0\n{table}\n' for key, table in tables.items())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("schemes"))


def test_nothing_is_asked_for(world: World) -> None:
    assert world.alarms == 0


def test_no_local_file_and_no_data_becomes_content(world: World) -> None:
    contents = [json.loads(content) for (content,) in world.crawling.rows("SELECT content FROM item_versions")]
    texts = " ".join(text["text"] for content in contents for text in content["texts"])
    assert "words" in texts
    assert SECRET not in texts
    assert INLINE not in texts
    assert not [path for path in (world.crawling.folder / "media").rglob("*") if SECRET in _text(path)]


def test_every_path_was_gone_to_its_end(world: World) -> None:
    numbers = range(len(world.targets))
    asked = {f"/{way}/{number}" for way in ("to", "wait", "visit") for number in numbers}
    assert asked | {"/hub", "/sitemap.xml", "/rows.json", "/domain/shop.test"} <= set(world.paths)


def test_what_was_left_is_told(world: World) -> None:
    assert world.report["hub"].errors == {"http_302": len(world.targets)}, world.report["hub"]
    assert world.report["rows"].items == len(world.targets)
    assert " ".join(world.report["visits"].problems).count("refused_scheme") == len(world.targets)


def _text(path: Path) -> str:
    return path.read_bytes().decode("latin-1") if path.is_file() else ""
