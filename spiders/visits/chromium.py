"""Chromium: where the system's browser is, and how it is started so that it reaches nothing but our proxy."""

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from config.models import Visitor

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge-stable")
NOWHERE = "http://127.0.0.1:9"  # the proxy of whatever is asked outside a journey: nobody answers there
WINDOWS = {"desk": (1366, 768), "telephone": (390, 844)}
# What else could leave the machine beside the proxy: HTTP/3, WebRTC, names looked up by the browser itself, loopback.
ARGUMENTS = (
    "--disable-quic",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # its name in other versions
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--js-flags=--max-old-space-size=512",
)

# What a browser needs to know of its user and machine; no more, for what runs there was written by strangers.
KEPT = (
    *("PATH", "LD_LIBRARY_PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "FONTCONFIG_FILE", "FONTCONFIG_PATH"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
)


def find(path: Path | None = None) -> str | None:
    """Return the browser's executable: the configured one, or the first that the system has."""
    if path is not None:
        return str(path) if path.exists() else None
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def absent(path: Path | None = None) -> str | None:
    """Return what is missing for looking with a browser, and what to do; None where all is there."""
    if find_spec("scrapy_playwright") is None:
        return "looking with a browser needs scrapy-playwright: install mekiki[browser]"
    if find(path) is None:
        named = f"{path} is not there" if path is not None else "no Chromium was found"
        return f"{named}: install your system's package (Debian, Ubuntu: chromium), or set crawler.browser"
    return None


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the browser's whole environment: none of the secrets that ours may hold."""
    return {name: ours[name] for name in KEPT if name in ours}


def bare_driver() -> None:
    """Let Playwright's driver, which is Node.js, begin with no more than the browser knows; before it is started.

    Playwright hands the whole environment on and can be told nothing else.
    """
    from playwright._impl import _driver, transport  # only where it is installed

    def bare() -> dict[str, str]:
        everything = _driver.get_driver_env()
        its = {name: value for name, value in everything.items() if name.startswith(("PLAYWRIGHT_", "PW_"))}
        return environment(everything) | its

    transport.get_driver_env = bare  # type: ignore[attr-defined]


def settings(path: Path | None, *, timeout: float) -> dict[str, Any]:
    """Return the Scrapy settings with which requests may ask for a browser."""
    handler = "spiders.visits.handler.BrowserHandler"
    return {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler, "data": None, "file": None, "ftp": None, "s3": None},
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": find(path),
            "headless": True,
            "proxy": {"server": NOWHERE},
            # Chromium's own sandbox refuses to work for root.
            "args": [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
            "env": environment(os.environ),
            "handle_sigint": False,
            "handle_sigterm": False,
            "handle_sighup": False,
        },
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,  # the browser's own
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": timeout * 1000,
    }


def context(visitor: Visitor, *, server: str, username: str, password: str) -> dict[str, Any]:
    """Return how a visitor's browser presents itself, and the proxy that all it does goes through."""
    width, height = WINDOWS[visitor.device]
    telephone = visitor.device == "telephone"
    return {
        "user_agent": visitor.user_agent,
        "locale": visitor.language.partition(",")[0].partition(";")[0].strip() or "ja",
        "extra_http_headers": {"Accept-Language": visitor.language},
        "viewport": {"width": width, "height": height},
        "is_mobile": telephone,
        "has_touch": telephone,
        "timezone_id": visitor.zone,
        "service_workers": "block",
        "accept_downloads": False,
        "ignore_https_errors": True,  # certificates are noted, whatever they are
        "proxy": {"server": server, "username": username, "password": password},
    }
