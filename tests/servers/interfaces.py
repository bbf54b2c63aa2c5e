"""Every interface that a source kind reads, in its smallest form, and a server that answers each source by a script."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.servers.web import Answer, Hit, WebServer

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """How an interface writes a page of rows."""

    table: str  # lines of a [[source]] table; {home} is the address of one source on the server
    more: str = ""  # lines that a test may replace
    row: Callable[[Any], dict[str, Any]]  # an id -> the least that a row has
    page: Callable[[Rows, int, str], Any]  # rows, number of the page that follows or 0, home -> an answer
    stored: Callable[[Any], str] = str  # an id -> how it is stored


def meta_page(rows: Rows, following: int, home: str) -> Any:
    paging = {"cursors": {"after": str(following)}, "next": f"https://graph.facebook.com/?after={following}"}
    return {"data": rows, **({"paging": paging} if following else {})}


def linkedin_page(rows: Rows, following: int, home: str) -> Any:
    links = [{"rel": "next", "href": "/rest/adLibrary"}] if following else []
    return {"elements": rows, "paging": {"start": 25 * max(0, following - 2), "count": 25, "links": links}}


def microsoft_page(rows: Rows, following: int, home: str) -> Any:
    return {"value": rows + rows[:1] * (24 - len(rows)) if following else rows}  # a full page is not the last


def snap_page(rows: Rows, following: int, home: str) -> Any:
    paging = {"next_link": f"{home}?cursor={following}"} if following else {}
    return {"request_status": "SUCCESS", "ads": rows, "paging": paging}


TOKEN = 'token = "env:CANARY"\n'
INTERFACES: Mapping[str, Interface] = {
    "meta": Interface(
        table=TOKEN + 'url = "{home}"\nlimit = 4',
        row=lambda identity: {"id": identity},
        page=meta_page,
    ),
    "tiktok": Interface(
        table='client_key = "env:CANARY"\nclient_secret = "env:CANARY"\n'
        'url = "{home}/query"\ndetail_url = "{home}/detail"\ntoken_url = "{home}/token"',
        more="details = false",
        row=lambda identity: {"ad": {"id": identity}},
        page=lambda rows, following, home: {
            "data": {"ads": rows, "has_more": following > 0, "search_id": f"s{following}"},
            "error": {"code": "ok", "message": "", "log_id": "20261122"},
        },
    ),
    "linkedin": Interface(
        table=TOKEN + 'url = "{home}"',
        row=lambda identity: {"adUrl": f"https://www.linkedin.com/ad-library/detail/{identity}"},
        page=linkedin_page,
    ),
    "microsoft": Interface(
        table='url = "{home}"',
        row=lambda identity: {"AdId": identity},
        page=microsoft_page,
    ),
    "google-ads": Interface(
        table=TOKEN + 'url = "{home}"',
        row=lambda identity: {"ad_creative_id": identity},
        page=lambda rows, following, home: {
            "search_metadata": {"status": "Success"},
            "ad_creatives": rows,
            **({"serpapi_pagination": {"next_page_token": f"t{following}"}} if following else {}),
        },
    ),
    "snap": Interface(
        table='url = "{home}"',
        row=lambda identity: {"id": identity},
        page=snap_page,
    ),
    "search": Interface(
        table=TOKEN + 'url = "{home}"\ndevices = ["mobile"]',
        row=lambda identity: {"title": f"星野電機 {identity}"},
        page=lambda rows, following, home: {"search_metadata": {"status": "Success"}, "ads": rows},
        stored=lambda identity: f"星野電機 {identity}",  # it names no ids: the title stands for them
    ),
    "youtube": Interface(
        table=TOKEN + 'url = "{home}"\npages = 9',
        row=lambda identity: {"id": {"videoId": identity}},
        page=lambda rows, following, home: {
            "items": rows,
            **({"nextPageToken": f"t{following}"} if following else {}),
        },
    ),
    "bluesky": Interface(
        table=TOKEN + 'url = "{home}"\npages = 9',
        row=lambda identity: {"uri": f"at://did/app.bsky.feed.post/{identity}"},
        page=lambda rows, following, home: {"posts": rows, **({"cursor": f"c{following}"} if following else {})},
        stored=lambda identity: f"at://did/app.bsky.feed.post/{identity}",
    ),
    "mastodon": Interface(
        table=TOKEN + 'url = "{home}"\ntags = ["hoshino"]\npages = 9',
        row=lambda identity: {"id": identity},
        page=lambda rows, following, home: rows,
    ),
    "x": Interface(
        table=TOKEN + 'url = "{home}"\npages = 9',
        row=lambda identity: {"id": identity},
        page=lambda rows, following, home: {
            **({"data": rows} if rows else {}),
            "meta": {"result_count": len(rows), **({"next_token": f"n{following}"} if following else {})},
        },
    ),
    "urlscan": Interface(
        table=TOKEN + 'url = "{home}"',
        row=lambda identity: {"page": {"url": f"https://hoshino-sale.test/{identity}"}, "sort": [identity, "abc"]},
        page=lambda rows, following, home: {"results": rows, "has_more": following > 0},
        stored=lambda identity: f"https://hoshino-sale.test/{identity}",
    ),
    "urlhaus": Interface(
        table=TOKEN + 'url = "{home}"',
        row=lambda identity: {"id": identity, "url": "http://hoshino-denki.test/a.exe"},
        page=lambda rows, following, home: {"query_status": "ok", "urls": rows},
    ),
    "json": Interface(
        table='headers = {{ Authorization = "env:CANARY" }}\nurl = "{home}"\nitems = "data"\n'
        'fields = {{ id = "id", title = "text", images = "images" }}\nnext = "next"\nnext_param = "after"\n'
        'error = "error"',
        row=lambda identity: {"id": identity},
        page=lambda rows, following, home: {"data": rows, **({"next": following} if following else {})},
    ),
}
QUERIES = frozenset(INTERFACES) - {"urlhaus", "json"}  # kinds that take `queries`

# What each says when it was asked too often: status, answer.
THROTTLED: Mapping[str, tuple[int, Any]] = dict.fromkeys(INTERFACES, (429, {})) | {
    "meta": (400, {"error": {"code": 613, "message": "(#613) Calls to this api have exceeded the rate limit."}}),
    "tiktok": (429, {"code": "rate_limit_exceeded", "message": "Try again later.", "log_id": "1"}),  # un-nested
    "snap": (200, {"request_status": "FAILED", "error_code": "E1009", "debug_message": "Too many requests"}),
    "google-ads": (429, {"error": "You are exceeding the hourly throughput limit."}),
    "search": (429, {"error": "You are exceeding the hourly throughput limit."}),
    "youtube": (403, {"error": {"message": "Exceeded", "errors": [{"reason": "quotaExceeded"}]}}),
    "bluesky": (429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}),
    "x": (429, {"title": "Too Many Requests", "status": 429}),
}

# What some kinds ask beside the question that a script answers: part of the address -> answer.
BESIDE: Mapping[str, Any] = {
    "advertiser=": linkedin_page([], 0, ""),
    "/token": {"access_token": "clt.fresh-access-token", "expires_in": 7200},
    "/api/v2/search": {"statuses": []},
}


def reply(body: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON; `_` in the name of a header stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(body=json.dumps(body).encode(), kind="application/json", status=status, headers=named)


class Scripted(WebServer):
    """Gives each source, told by the first part of the path, the answers of its script in order; the last for ever.

    A script named by a source's key and a part of `BESIDE` replaces the answer there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scripts: dict[str, Sequence[Answer]] = {}
        self.asked: defaultdict[str, list[Hit]] = defaultdict(list)  # what the scripts answered

    def home(self, key: str) -> str:
        """Return the address of a source."""
        return f"{self.url}/{key}"

    def source(self, key: str, kind: str, more: str = "") -> str:
        """Return the [[source]] table of a source on this server."""
        queries = 'queries = ["hoshino"]\n' if kind in QUERIES else ""
        table = INTERFACES[kind].table.format(home=self.home(key))
        more = more or INTERFACES[kind].more
        return f'[[source]]\nkey = "{key}"\nkind = "{kind}"\ndelay = 0.0\n{queries}{table}\n{more}\n'

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        key = urlsplit(hit.path).path.split("/")[1]
        for part, body in BESIDE.items():
            if part in hit.path:
                return self.scripts.get(key + part, [reply(body)])[0]
        if key not in self.scripts:
            return Answer(status=404, body=b"not here", kind="text/plain")
        self.asked[key].append(hit)
        return self.scripts[key][min(len(self.asked[key]), len(self.scripts[key])) - 1]
