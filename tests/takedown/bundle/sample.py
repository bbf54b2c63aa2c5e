"""Dossiers for the tests of the PDF: a usual one, and one in which every text is hostile."""

from dataclasses import replace
from io import BytesIO

from PIL import Image, ImageDraw

from alerts.message import Language
from demo.pictures import jpeg, stolen_copy
from detector.visits import Outcome
from storage.errors import MediaMissing
from takedown.bundle.dossier import (
    Column,
    Dossier,
    Fact,
    Facts,
    Frame,
    Journey,
    Picture,
    Pictures,
    Section,
    Step,
    Table,
    Tile,
    Way,
    Words,
)

AD, TALL, WIDE, GONE = "a1" * 32, "b2" * 32, "c3" * 32, "d4" * 32


def tall_page(width: int = 412, height: int = 3600) -> bytes:
    """A long page on a telephone, with a numbered line every 40 pixels."""
    image = Image.new("RGB", (width, height), "#ffffff")
    draw = ImageDraw.Draw(image)
    for number, y in enumerate(range(0, height, 40)):
        draw.rectangle((8, y + 6, width - 8, y + 34), fill="#e8f2f9" if number % 2 else "#fdf3f2")
        draw.text((16, y + 12), f"line {number}", fill="#1f2933")
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class Shelf:
    """Pictures by address."""

    def __init__(self) -> None:
        self.files = {AD: jpeg(stolen_copy(), 85), TALL: tall_page(), WIDE: tall_page(1280, 700)}

    def read(self, address: str) -> bytes:
        """Return a picture's bytes."""
        try:
            return self.files[address]
        except KeyError:
            raise MediaMissing(address) from None


def picture(shown: str | None, width: int, height: int, *frames: Frame, caption: str, note: str = "") -> Picture:
    """A picture of a dossier."""
    original = "ef" * 32
    file = None if shown is None else f"pictures/ad_picture-1-{original[:16]}.bin"
    return Picture(
        caption=caption, shown=shown, width=width, height=height, frames=frames, original=original, file=file, note=note
    )


def way(visitor: str, outcome: Outcome, says: str, hosts: tuple[str, ...], screenshot: Picture | None = None) -> Way:
    """A visitor's way over hosts."""
    steps = tuple(
        Step(
            number=number + 1,
            how="link" if number == 0 else "redirect",
            url=f"hxxps://{host}/lp/?c=7&fbclid=IwAR0aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789",
            at=f"2026-11-24T09:00:0{number % 10}Z",
            answer="200 OK" if number == len(hosts) - 1 else "302 Found",
            status=200 if number == len(hosts) - 1 else 302,
            address="203.0.113.7",
            certificate="ab" * 32,
            server="cloudflare",
        )
        for number, host in enumerate(hosts)
    )
    if outcome == "could_not_tell":
        steps = (*steps[:-1], replace(steps[-1], status=None, answer="timed out"))
    return Way(
        visitor=visitor,
        how="Chromium, JP",
        at="2026-11-24T09:00:00Z (2026-11-24 18:00 JST)",
        outcome=outcome,
        says=says,
        why="The link led to a page that offers goods.",
        steps=steps,
        title="星野電機 公式 閉店セール" if outcome == "offer_seen" else "",
        words="星野電機 公式 閉店セール LINE @hoshino-sale88 で友だち追加" if outcome == "offer_seen" else "",
        ends=hosts[-1],
        leads=("LINE @hoshino-sale88",) if outcome == "offer_seen" else (),
        screenshot=screenshot,
        manifest="cd" * 32,
    )


def usual(language: Language = "ja") -> Dossier:
    """A case with an ad, a page, three visitors."""
    ja = language == "ja"
    hosts = ("hoshino-denki-sale[.]test", "go[.]short-hop[.]test", "hoshino-denki-sale[.]test")
    box = Frame(number=1, box=(60, 80, 300, 220), says="保護された商品写真と一致" if ja else "matches a product photo")
    mark = Frame(number=2, box=(500, 30, 200, 90), says="公式の商標" if ja else "the trademark")
    seen = picture(TALL, 412, 3600, box, caption="画面" if ja else "The page as it was seen")
    saw = "販売ページを確認" if ja else "An offer was seen"
    unsure = "判定できませんでした" if ja else "Could not tell"
    signals = tuple(
        (f"host.lookalike{number}", "2.10", "0.93", "hoshino-denki-sale[.]test", "hoshino-denki.example")
        for number in range(14)
    )
    return Dossier(
        language=language,
        case_id=3,
        reference="mekiki case 3, 2026-11-24T10:00:00Z",
        title="星野電機を装う詐欺の証拠" if ja else "Evidence of an impersonation of 星野電機",
        subject="「星野電機が開発した世界最小のエアコン 80%OFF 残り88点」"
        if ja
        else "Ad: “Smallest air conditioner, 80 % off”, and 2 more items",
        facts=(
            Fact(label="ブランド" if ja else "Brand", text="星野電機 (hoshino)"),
            Fact(label="状態" if ja else "State", text="確認済み" if ja else "confirmed"),
            Fact(label="作成" if ja else "Made at", text="2026-11-24T10:00:00Z (2026-11-24 19:00 JST)"),
        ),
        summary=(
            "広告が星野電機の名称と商品写真を無断で使用し、閉店セールと称して利用者をLINEへ誘導しています。",
            "判定は担当者（keiko）が確認しました。",
        )
        if ja
        else (
            "An ad uses the name and a product photo of 星野電機 and leads people to LINE.",
            "A person (keiko) has confirmed it.",
        ),
        summary_title="要約" if ja else "Summary",
        tiles=(
            Tile(label="一致度" if ja else "Score", value="0.99"),
            Tile(label="件数" if ja else "Items", value="3", beside="2 ads, 1 page"),
            Tile(label="最終確認" if ja else "Last seen", value="2026-11-24", beside="offer_seen"),
            Tile(label="証拠" if ja else "Evidence", value="12 files"),
        ),
        warnings=("1件の訪問は判定できませんでした。" if ja else "One visit could not tell what was there.",),
        sections=(
            Section(
                key="journey",
                title="誘導の経路" if ja else "The journey",
                says=("各訪問者が見たものです。" if ja else "What each visitor saw.",),
                blocks=(
                    Journey(
                        title="hxxps://hoshino-denki-sale[.]test/lp/",
                        link="hxxps://hoshino-denki-sale[.]test/lp/?c=7&fbclid=IwAR0aB",
                        source="Metaの広告" if ja else "Ad on meta",
                        ways=(
                            way("telephone", "offer_seen", saw, hosts, seen),
                            way("desk", "offer_seen", saw, hosts),
                            way("crawler", "could_not_tell", unsure, hosts[:2]),
                        ),
                        note="2回の訪問のうち最新です。" if ja else "The latest of 2 rounds.",
                    ),
                ),
            ),
            Section(
                key="pictures",
                title="画像" if ja else "Pictures",
                blocks=(
                    Pictures(
                        pictures=(
                            picture(AD, 800, 600, box, mark, caption="広告の画像" if ja else "Picture of the ad"),
                            picture(WIDE, 1280, 700, caption="広い画面" if ja else "A wide page"),
                            picture(None, 0, 0, caption="動画" if ja else "A video", note="保存されていません"),
                        )
                    ),
                ),
            ),
            Section(
                key="signals",
                title="判定の根拠" if ja else "Signals",
                says=("ポリシー 2026.1" if ja else "Policy 2026.1",),
                blocks=(
                    Table(
                        title="ad-501",
                        columns=(
                            Column(title="Signal", width=3),
                            Column(title="重み" if ja else "Weight", number=True),
                            Column(title="強さ" if ja else "Strength", number=True),
                            Column(title="観測" if ja else "Observed", width=4, code=True),
                            Column(title="正規" if ja else "Expected", width=4, code=True),
                        ),
                        rows=signals,
                        note="14 / 14",
                    ),
                ),
            ),
            Section(
                key="files",
                title="ファイル" if ja else "Files",
                blocks=(
                    Facts(facts=(Fact(label="MANIFEST", text="0f" * 32, code=True),)),
                    Table(
                        columns=(Column(title="File", width=3, code=True), Column(title="SHA-256", width=5, code=True)),
                        rows=tuple((f"warc/visit-{number}.warc.gz", f"{number:02x}" * 32) for number in range(60)),
                    ),
                    Words(title="確認方法" if ja else "How to verify", lines=("python3 verify.py",)),
                ),
            ),
        ),
        contents_title="目次" if ja else "Contents",
        page="{page} / {pages}",
        footer="リンクは開かないでください。" if ja else "Do not open the links.",
    )
