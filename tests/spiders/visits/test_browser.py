"""What a browser shows: scripts run, pages are drawn and kept, and nothing inside the house is reached."""

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spiders.visits import chromium
from tests.servers.programs import mekiki
from tests.servers.web import Answer, Canary, WebServer

pytestmark = pytest.mark.skipif(chromium.absent() is not None, reason=str(chromium.absent()))

CONFIG = """
[crawler]
contact = "abuse@hoshino-denki.example"
timeout = 8
{crawler}
[egress]
allow = ["{allow}"]
hosts = {{ "shop.test" = "127.0.0.1", "offer.test" = "127.0.0.1", "inside.test" = "10.0.0.1" }}
[detector]
words = false
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["Hoshino Denki", "hoshinodenki"]
domains = ["hoshino-denki.example"]
{visitors}
"""
TELEPHONE = """
[[visitor]]
key = "telephone"
user_agent = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36"
referrer = "https://www.instagram.com/"
browser = true
device = "telephone"
stay = 2.0
"""
DESK = """
[[visitor]]
key = "desk"
user_agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"
browser = true
stay = 2.0
"""
PLAIN = """
[[visitor]]
key = "plain"
user_agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"
"""
CLEAN = """<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>暮らしのコラム</title></head><body><nav><ul><li>ホーム</li><li>記事</li></ul></nav>
<article><h2>夏を涼しく過ごす五つの工夫</h2>
<p>すだれを掛け、風の通り道をつくり、打ち水をするだけで体感温度は下がります。</p>
<p>寝る前に首の後ろを冷やすと寝付きがよくなると言われています。無理をせず冷房も使いましょう。</p></article>{}</body></html>"""
OFFER = (
    "<header><h1>星野電機 公式アウトレット 世界最小のエアコン 80%OFF</h1></header>"
    "<section><p>本日限り、残り88点。通常価格24,800円のところ4,980円でお届けします。</p>"
    "<form><input name=name><input name=card><button>今すぐ購入</button></form></section>"
    "<footer><a href=https://line.me/R/ti/p/@hoshino>LINEで友だち追加</a></footer>"
)
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as running:
        yield running


def visit(folder: Path, server: WebServer, *paths: str, visitors: str, crawler: str = "") -> list[dict[str, Any]]:
    """Follow links of shop.test; return the visits in order."""
    file = folder / "mekiki.toml"
    file.write_text(CONFIG.format(allow=server.allow, visitors=visitors, crawler=crawler), "utf-8")
    links = [path if "://" in path else f"http://shop.test:{server.port}{path}" for path in paths]
    done = mekiki("visit", *links, "-c", file, "--json")
    assert done.returncode in (0, 4), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    for one in found:
        one["stderr"] = done.stderr
    return found


def kept(folder: Path, visit: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of a visit's evidence by role."""
    media = folder / "media"

    def read(address: str) -> bytes:
        return (media / address[:2] / address[2:4] / address).read_bytes()

    return {file["role"]: read(file["sha256"]) for file in json.loads(read(visit["evidence"]))["files"]}


def test_what_only_scripts_show_is_seen_judged_and_proved(tmp_path: Path, server: WebServer) -> None:
    script = f"<script>setTimeout(()=>{{if(innerWidth<600)document.body.innerHTML={json.dumps(OFFER)}}},1000)</script>"
    picture = '<img src="/goods.gif">'
    server.html("/lp", CLEAN.format(picture + script))
    server.pages["/goods.gif"] = Answer(body=GIF, kind="image/gif")
    telephone, desk = visit(tmp_path, server, "/lp?fbclid=Ab%2dC", visitors=TELEPHONE + DESK)
    assert (telephone["outcome"], desk["outcome"]) == ("differs", "differs"), (telephone["says"], desk["says"])
    assert "desk: " in telephone["says"]
    assert telephone["landing"]["window"] == "390x844"
    files = kept(tmp_path, telephone)
    assert files["screenshot"].startswith(b"\x89PNG")
    assert int.from_bytes(files["screenshot"][16:20], "big") == 390
    assert "残り88点" in files["page"].decode()
    assert [json.loads(line)["url"] for line in files["log"].splitlines()] == [
        f"http://shop.test:{server.port}/lp?fbclid=Ab%2dC",
        f"http://shop.test:{server.port}/goods.gif",
    ]
    referrers = {hit.headers.get("referer") for hit in server.hits if hit.path.startswith("/lp")}
    assert referrers == {"https://www.instagram.com/", None}
    shown = mekiki("cases", "show", "1", "-c", tmp_path / "mekiki.toml").stdout
    assert "impersonation" in shown
    assert "@hoshino" in shown
    assert f"Journey hxxp://shop[.]test:{server.port}/lp" in shown
    assert "all well" in mekiki("verify", "-c", tmp_path / "mekiki.toml").stdout


def test_every_way_on_is_a_hop(tmp_path: Path, server: WebServer) -> None:
    here = f"http://shop.test:{server.port}"
    server.pages["/a"] = Answer(status=302, headers={"Location": "/b?x=%2F%2f&&y=+"})
    server.html("/b", f'<meta http-equiv="refresh" content="1; url={here}/c?z=%E6%98%9F">')
    server.html("/c", f"<script>setTimeout(()=>{{location.href='http://offer.test:{server.port}/d'}}, 900)</script>")
    server.html("/d", OFFER)
    server.html("/chat", "<script>location.href='line://ti/p/@hoshino'</script>")
    server.html("/on", "<script>location.href='/on?'+Math.random()</script>")
    followed, chat, endless = visit(tmp_path, server, "/a", "/chat", "/on", visitors=TELEPHONE)
    assert [(hop["how"], hop["status"]) for hop in followed["hops"]] == [
        ("start", 302), ("redirect", 200), ("refresh", 200), ("script", 200),
    ]  # fmt: skip
    assert [hop["url"].rpartition(str(server.port))[2] for hop in followed["hops"]] == [
        "/a", "/b?x=%2F%2f&&y=+", "/c?z=%E6%98%9F", "/d",
    ]  # fmt: skip
    assert {hop["address"] for hop in followed["hops"]} == {"127.0.0.1"}
    assert followed["landing"]["title"] == ""
    assert followed["outcome"] == "offer_seen"
    assert (chat["hops"][-1]["url"], chat["hops"][-1]["problem"]) == ("line://ti/p/@hoshino", "hand_off")
    assert endless["outcome"] == "could_not_tell"
    assert "it led on after" in endless["says"]
    assert 12 <= len(endless["hops"]) <= 14, "one or two may be under way when it is told to stop"


def test_nothing_in_the_house_is_reached_and_no_error_page_is_evidence(tmp_path: Path, server: WebServer) -> None:
    with Canary() as canary:
        inside = f"http://127.0.0.1:{canary.port}/"
        server.html(
            "/page",
            CLEAN.format(
                f'<img src="{inside}"><iframe src="{inside}"></iframe><link rel=stylesheet href="{inside}">'
                f"<script>fetch('{inside}').catch(()=>0);new WebSocket('{inside.replace('http', 'ws')}');"
                f"navigator.sendBeacon('{inside}','x');new Image().src='http://localhost:{canary.port}/'</script>"
            ),
        )
        server.pages["/redirect"] = Answer(status=302, headers={"Location": inside})
        server.html("/script", f"<script>location.href='{inside}'</script>")
        links = ("/page", "/redirect", "/script", inside, "http://inside.test/", "http://[::1]/", "http://0x7f000001/")
        page, *others = visit(tmp_path, server, *links, visitors=TELEPHONE)
        assert canary.alarms == 0
    assert page["outcome"] == "offer_seen"
    for one in others:
        assert one["outcome"] == "could_not_tell", one["says"]
        assert one["hops"][-1]["problem"] == "refused_address"
        assert one["landing"] is None
        assert set(kept(tmp_path, one)) == {"log", "warc"}
        assert one["screenshot"] is None
    everything = [path.read_bytes() for path in (tmp_path / "media").rglob("*") if path.is_file()]
    read = b"".join(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data for data in everything)
    assert b"sendBeacon" in read
    assert b"chrome-error" not in read


def test_no_packet_leaves_beside_the_proxy(tmp_path: Path, server: WebServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as canary:
        canary.bind(("127.0.0.1", 0))
        canary.setblocking(False)
        where = f"127.0.0.1:{canary.getsockname()[1]}"
        call = (
            f"const c=new RTCPeerConnection({{iceServers:[{{urls:'stun:{where}'}},"
            f"{{urls:'turn:{where}?transport=udp',username:'a',credential:'b'}}]}});"
            "c.createDataChannel('x');c.createOffer().then(o=>c.setLocalDescription(o))"
        )
        server.html("/call", CLEAN.format(f"<script>{call}</script>"))
        [seen] = visit(tmp_path, server, "/call", visitors=DESK)
        with pytest.raises(BlockingIOError):
            canary.recv(100)
    assert seen["outcome"] == "offer_seen"


def test_what_stands_in_a_frame_or_behind_padding_is_judged(tmp_path: Path, server: WebServer) -> None:
    frame = '<iframe src="/inner" style="position:fixed;inset:0;width:100%;height:100%"></iframe>'
    server.html("/outer", f'<html><head><meta charset="utf-8"></head><body>{frame}</body></html>')
    server.html("/inner", f'<html><head><meta charset="utf-8"></head><body>{OFFER}</body></html>')
    padded = f"<body><script>document.body.prepend(document.createComment('x'.repeat(3100000)))</script>{OFFER}</body>"
    server.html("/padded", f'<html><head><meta charset="utf-8"></head>{padded}</html>')
    many = "".join(f'<img src="/i{number}.gif">' for number in range(450))
    server.html("/many", f"<body>{many}<script>setTimeout(()=>location.href='/inner?late',500)</script></body>")
    server.pages["/away"] = Answer(status=302, headers={"Location": "line://ti/p/@hoshino"})
    _, _, away = visit(tmp_path, server, "/outer", "/padded", "/away", visitors=DESK)
    [many_seen] = visit(tmp_path, server, "/many", visitors=DESK.replace("stay = 2.0", "stay = 10.0"))
    shown = json.loads(mekiki("cases", "show", "1", "--json", "-c", tmp_path / "mekiki.toml").stdout)
    urls = {item["item"]["url"].partition(f":{server.port}")[2] for item in shown["items"]}
    assert urls == {"/outer", "/padded", "/inner?late"}
    assert many_seen["hops"][-1]["url"].endswith("/inner?late")
    assert (away["hops"][-1]["problem"], away["outcome"]) == ("hand_off", "offer_seen")


def test_hostile_pages_end_in_time(tmp_path: Path, server: WebServer) -> None:
    server.pages["/file"] = Answer(body=b"MZ" * 100, kind="application/octet-stream")
    server.html("/loop", CLEAN.format("<script>setTimeout(()=>{while(true);}, 300)</script>"))
    server.html(
        "/dialogs",
        CLEAN.format(
            "<script>for(let i=0;i<50;i++)alert(1);onbeforeunload=()=>1;"
            "Object.defineProperty(Element.prototype,'outerHTML',{get:()=>'nothing to see'})</script>"
        ),
    )
    server.html("/popups", CLEAN.format("<script>for(let i=0;i<9;i++)open('/file?'+i)</script>"))
    server.pages["/large"] = Answer(body=b"<p>" + b"x" * (40 * 2**20), kind="text/html")
    server.html("/tall", CLEAN.format("<div style='height:400000px;width:9000px'>x</div>"))
    found = visit(tmp_path, server, "/file", "/loop", "/dialogs", "/popups", "/large", "/tall", visitors=DESK)
    outcomes = {one["url"].rpartition("/")[2]: one for one in found}
    assert outcomes["file"]["hops"][-1]["problem"] == "download"
    assert outcomes["loop"]["outcome"] == "could_not_tell"
    assert outcomes["dialogs"]["outcome"] == "offer_seen"
    assert outcomes["popups"]["outcome"] == "offer_seen"
    cut = ("more than a visit may take", "not loaded whole", "no page that can be read")
    assert any(words in outcomes["large"]["says"] for words in cut), outcomes["large"]["says"]
    assert all(len(data) < 5 * 2**20 for data in kept(tmp_path, outcomes["large"]).values())
    assert outcomes["tall"]["outcome"] == "offer_seen"
    height = int.from_bytes(kept(tmp_path, outcomes["tall"])["screenshot"][20:24], "big")
    assert height == 10_000


def test_without_a_browser_plain_visitors_look_and_it_is_said_what_was_not_seen(
    tmp_path: Path, server: WebServer
) -> None:
    server.html("/lp", CLEAN.format(""))
    crawler = 'browser = "nowhere/chromium"'
    [only] = visit(tmp_path, server, "/lp", visitors=TELEPHONE + PLAIN, crawler=crawler)
    assert (only["visitor"], only["outcome"]) == ("plain", "offer_seen")
    assert "telephone: what only a browser shows was not seen" in only["stderr"]
    assert "chromium" in only["stderr"]
