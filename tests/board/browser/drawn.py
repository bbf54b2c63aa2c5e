"""Pictures of the showcase, drawn by the browser from HTML: creatives and pages as frauds make them, a logo."""

from base64 import b64encode
from collections.abc import Callable

from demo.pictures import jpeg, product_photo

Draw = Callable[[str, int, int], bytes]  # HTML, width, height -> PNG

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 100"><g fill="#0a5bd3">
<path d="M60 4 72 40 110 40 80 62 92 97 60 76 28 97 40 62 10 40 48 40Z"/></g>
<circle cx="60" cy="56" r="12" fill="#ffd400"/></svg>"""
_STYLE = """*{box-sizing:border-box;margin:0} body{font-family:"Noto Sans CJK JP",sans-serif;overflow:hidden}
.logo svg{display:block;width:100%} .logo{position:absolute}"""


def _photo() -> str:
    return "data:image/jpeg;base64," + b64encode(jpeg(product_photo(), 90)).decode()


def sale(*, headline: str, small: str, colour: str = "#c8102e", logo: bool = True, photo: bool = True) -> str:
    """An ad: a product, a price, a red sticker."""
    mark = f'<div class="logo" style="left:34px;top:26px;width:112px">{LOGO}</div>' if logo else ""
    shown = f'<img src="{_photo()}" style="position:absolute;right:0;top:0;height:450px">' if photo else ""
    return f"""<style>{_STYLE}body{{width:800px;height:450px;background:#fff;position:relative}}</style>{shown}
<div style="position:absolute;left:0;bottom:0;width:100%;padding:18px 30px;background:{colour};color:#fff">
<b style="font-size:46px;line-height:1.15">{headline}</b><br><span style="font-size:22px">{small}</span></div>{mark}"""


def shop(*, title: str, line: str, price: str = "4,990円", colour: str = "#c8102e") -> str:
    """A fake shop on a telephone."""
    rows = "".join(
        f'<div style="display:flex;gap:12px;padding:12px 16px;border-top:1px solid #eee">'
        f'<img src="{_photo()}" width="96">'
        f'<div><b style="font-size:15px">{name}</b><br><s style="color:#888;font-size:13px">24,800円</s> '
        f'<b style="color:{colour};font-size:20px">{price}</b></div></div>'
        for name in ("世界最小エアコン Ruscool", "星の風 空気清浄機", "星の風 サーキュレーター")
    )
    return f"""<style>{_STYLE}body{{width:390px;height:844px;background:#fff;position:relative}}</style>
<div style="background:{colour};color:#fff;text-align:center;padding:8px;font-size:14px">
残り <b>00:14:32</b> ／ 在庫 88点</div>
<div style="position:relative;height:84px"><div class="logo" style="left:16px;top:12px;width:72px">{LOGO}</div>
<b style="position:absolute;left:104px;top:24px;font-size:19px">{title}</b></div>
<img src="{_photo()}" style="width:100%;height:240px;object-fit:cover">{rows}
<div style="margin:16px;background:#06c755;color:#fff;border-radius:10px;text-align:center;padding:14px;font-size:18px">
{line}</div>
<div style="padding:0 16px;font-size:12px;color:#666">お支払いは銀行振込のみ。みどり銀行 架空支店 普通 1234567</div>"""


def column(*, title: str) -> str:
    """What a desk is shown instead: a harmless page."""
    lines = "".join(
        f"<p style='margin:14px 0;line-height:1.9'>{text}</p>"
        for text in (
            "すだれを掛け、風の通り道をつくり、打ち水をするだけで体感温度は下がります。",
            "寝る前に首の後ろを冷やすと寝付きがよくなると言われています。",
            "無理をせず冷房も使い、こまめに水分をとりましょう。",
        )
    )
    return f"""<style>{_STYLE}body{{width:1280px;height:800px;background:#faf8f3}}</style>
<div style="background:#35523f;color:#fff;padding:22px 80px;font-size:24px">くらしのコラム</div>
<div style="padding:40px 80px;max-width:900px;font-size:20px"><h1 style="font-size:36px">{title}</h1>{lines}</div>"""
