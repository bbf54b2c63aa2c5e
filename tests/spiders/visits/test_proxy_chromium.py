"""A real Chromium behind the proxy reaches the page that is permitted and nothing inside, whatever pages ask for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from safety.egress import EgressRule
from spiders.visits import chromium
from spiders.visits.proxy import GuardProxy, Limits, Passage
from tests.servers.web import Answer, Canary, WebServer
from tests.spiders.test_egress import HOSTS, PINNED

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Error, Page, async_playwright

pytestmark = pytest.mark.skipif(chromium.find() is None, reason="there is no Chromium on this machine")

LAUNCH = chromium.settings(None, timeout=10)["PLAYWRIGHT_LAUNCH_OPTIONS"]
# Hosts that every way of asking must have been refused for; what they have in common is that Chromium asks for them.
ASKED = {
    "127.0.0.1",
    "localhost",
    "loop.test",
    "::1",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "169.254.169.254",
    "10.0.0.1",
}
CONTROL = "<title>control</title><p id=text>public page</p>"


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        started = await driver.chromium.launch(**LAUNCH)
        try:
            yield started
        finally:
            await started.close()


@asynccontextmanager
async def page_through(opened: Browser, proxy: GuardProxy, passage: Passage) -> AsyncIterator[Page]:
    context = await opened.new_context(
        proxy={"server": proxy.address, "username": passage.username, "password": passage.password},
        service_workers="block",
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


def lay_out(site: WebServer, targets: list[str]) -> None:
    site.html("/control", CONTROL)
    for number, target in enumerate(targets):
        location = target.encode().decode("latin-1")
        site.pages[f"/redirect/{number}"] = Answer(status=302, headers={"Location": location})
    site.html("/frames", CONTROL + "".join(f'<iframe src="{target}"></iframe>' for target in targets))
    site.html("/pictures", CONTROL + "".join(f'<img src="{target}">' for target in targets))
    tries = "".join(
        f"all.push(fetch({target!r}, {{mode: 'no-cors'}}).catch(() => 0));"
        f"all.push(fetch({target!r}, {{method: 'POST', mode: 'no-cors', body: 'x'}}).catch(() => 0));"
        for target in targets
        if "@" not in target  # fetch() takes no user names
    )
    sockets = "".join(f"try {{ new WebSocket({target.replace('http', 'ws', 1)!r}) }} catch {{}}" for target in targets)
    site.html("/scripts", f"{CONTROL}<script>const all = []; {tries} {sockets} window.all = Promise.all(all)</script>")


async def walk(chromium: Browser, proxy: GuardProxy, urls: list[str]) -> Passage:
    """Go to one address after another, in one tab."""
    passage = proxy.open()
    async with page_through(chromium, proxy, passage) as page:
        for url in urls:
            with suppress(Error):
                await page.goto(url, wait_until="commit")
    return passage


async def read(chromium: Browser, proxy: GuardProxy, url: str) -> Passage:
    """Load one page, which is permitted, with all that it asks for."""
    passage = proxy.open()
    async with page_through(chromium, proxy, passage) as page:
        await page.goto(url)
        assert await page.text_content("#text") == "public page"
        await page.evaluate("() => window.all && window.all.then(() => 0)")
    return passage


@pytest.mark.asyncio
async def test_no_way_of_asking_reaches_inside() -> None:
    with WebServer() as site, Canary() as canary:
        targets = [f"http://{host}:{canary.port}/{number}" for number, host in enumerate(HOSTS)]
        redirects = [f"/redirect/{number}" for number in range(len(targets))]
        lay_out(site, targets)
        rule = EgressRule.parse([site.allow], {**PINNED, "public.test": "127.0.0.1"})
        public = f"http://public.test:{site.port}"
        # Which of them would come while too many are open is chance; the limit has tests of its own.
        async with GuardProxy(rule, limits=Limits(connections=1000)) as proxy, browser() as chromium:
            control = await read(chromium, proxy, f"{public}/control")
            pages = ("frames", "pictures", "scripts")
            found = await asyncio.gather(
                walk(chromium, proxy, targets),
                walk(chromium, proxy, [f"{public}{path}" for path in redirects]),
                *(read(chromium, proxy, f"{public}/{name}") for name in pages),
            )
    assert canary.alarms == 0
    assert (control.addresses, control.refused) == ({"public.test": "127.0.0.1"}, {})
    assert set(site.paths()) >= {*redirects, "/control", "/frames", "/pictures", "/scripts"}
    for way, passage in zip(("addresses", "redirects", *pages), found, strict=True):
        assert passage.addresses.keys() <= {"public.test"}, way
        assert passage.refused.keys() >= ASKED, (way, ASKED - passage.refused.keys())


@pytest.mark.asyncio
async def test_a_page_that_never_ends_is_cut_and_without_credentials_there_is_none() -> None:
    with WebServer() as site:
        site.pages["/large"] = Answer(body=b"<p>" + b"a" * 2**23)
        site.html("/control", CONTROL)
        rule = EgressRule.parse([site.allow], {"public.test": "127.0.0.1"})
        async with GuardProxy(rule, limits=Limits(bytes=2**20)) as proxy, browser() as chromium:
            passage = proxy.open()
            async with page_through(chromium, proxy, passage) as page:
                async with page.expect_event("requestfailed"):  # a page that is cut never says that it is loaded
                    await page.goto(f"http://public.test:{site.port}/large", wait_until="commit")
                assert passage.over
                hits = len(site.hits)
                answer = await page.goto(f"http://public.test:{site.port}/control")
                assert answer is not None
                assert answer.status == 403
                assert await answer.header_value("X-Mekiki-Refused") == "1"
            passage.close()
            async with page_through(chromium, proxy, passage) as page:
                with pytest.raises(Error):
                    await page.goto(f"http://public.test:{site.port}/control")
            assert len(site.hits) == hits
