"""Three real pages, served here: the proxy of a login page is flagged, the page of a brand itself is not."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from spiders.visits import chromium
from tests.servers.programs import mekiki
from tests.servers.web import Answer, WebServer

PAGES = Path(__file__).parents[4] / "shared" / "data" / "phish_pages"
BRANDS = """
[[brand]]
key = "google"
name = "Google"
domains = ["google.com"]
[[brand]]
key = "paypal"
name = "PayPal"
domains = ["paypal.com"]
"""
VISITOR = """
[[visitor]]
key = "one"
user_agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"
stay = 2.0
browser = {browser}
"""


@pytest.mark.real_data
@pytest.mark.skipif(not PAGES.is_dir(), reason="../shared/data/phish_pages is not here")
@pytest.mark.parametrize(
    "browser",
    [
        False,
        pytest.param(True, marks=pytest.mark.skipif(chromium.absent() is not None, reason=str(chromium.absent()))),
    ],
)
def test_the_pages_served_here(tmp_path: Path, browser: bool) -> None:
    addresses = {folder.name: (folder / "info.txt").read_text().strip() for folder in PAGES.iterdir()}
    with WebServer() as server:
        links = {}
        for name, address in addresses.items():
            path = urlsplit(address)._replace(scheme="", netloc="").geturl()
            server.pages[path] = Answer(body=(PAGES / name / "html.txt").read_bytes())
            links[name] = f"http://{name}:{server.port}{path}"
        hosts = ", ".join(f'"{name}" = "127.0.0.1"' for name in addresses)
        file = tmp_path / "mekiki.toml"
        file.write_text(
            f'[crawler]\ncontact = "abuse@hoshino-denki.example"\ntimeout = 10\n[egress]\nallow = ["{server.allow}"]\n'
            f"hosts = {{ {hosts} }}\n[detector]\nwords = false\n{BRANDS}{VISITOR.format(browser=str(browser).lower())}",
            "utf-8",
        )
        done = mekiki("visit", *links.values(), "--json", "-c", file)
    visits = {urlsplit(one["url"]).hostname: one for one in json.loads(done.stdout)}
    assert visits["accounts.g.cdcde.com"]["landing"] is not None, visits["accounts.g.cdcde.com"]["says"]
    if not browser:  # which knows beforehand that this name answers over TLS alone
        assert visits["www.paypal.com"]["landing"] is not None, visits["www.paypal.com"]["says"]
    flagged = {case["brand"]: case for case in json.loads(mekiki("cases", "list", "--json", "-c", file).stdout)}
    assert "paypal" not in flagged, "the legitimate page is not flagged"
    assert "cdcde.com" in flagged["google"]["title"]
    shown = json.loads(mekiki("cases", "show", flagged["google"]["id"], "--json", "-c", file).stdout)
    signals = {one["signal"] for item in shown["items"] for one in item["verdict"]["evidence"]}
    assert signals >= {"page.login", "name.title"}
