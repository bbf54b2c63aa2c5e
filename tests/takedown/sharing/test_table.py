"""Cases as rows for associations."""

import csv
from io import StringIO

import pytest

from desk.sheets import write_csv
from takedown.sharing.table import HEADING, rows
from tests.takedown.sharing.hostile import case, thing


def table(*things: object, language: str = "en", defanged: bool = False, **values: object) -> list[dict[str, str]]:
    """Write a case as a file and read it again."""
    out = StringIO()
    cells = rows([case(*things, **values)], language, tlp="green", defanged=defanged)  # type: ignore[arg-type]
    write_csv(out, HEADING[language], cells, links=not defanged)  # type: ignore[index]  # en or ja
    return list(csv.DictReader(StringIO(out.getvalue())))


def test_a_row_says_what_whose_when_and_what_proves_it() -> None:
    [row] = table(thing(platform="meta", evidence="ef" * 32))
    assert row == {
        "Case": "MKS-F6D2B1FA5B3E",
        "State": "confirmed",
        "Imitated brand": "星野電機",
        "Kind": "Host",
        "Value": "hoshino-sale.test",
        "Role": "fraud",
        "Belongs to": "",
        "Platform": "meta",
        "First seen (UTC)": "2026-11-24T09:00:00Z",
        "Last seen (UTC)": "2026-11-25T09:00:00Z",
        "Registered": "",
        "Details": "",
        "Evidence (SHA-256)": "ef" * 32,
        "Shared by": "星野電機株式会社",
        "TLP": "TLP:GREEN",
    }


def test_a_table_in_japanese_has_its_headings_and_words() -> None:
    [row] = table(thing(kind="bank", value="みどり銀行/架空支店/普通/1234567"), language="ja")
    assert (row["種類"], row["区分"], row["状態"]) == ("銀行口座", "不正", "確認済み")
    assert len(HEADING["ja"]) == len(HEADING["en"])


def test_addresses_are_live_or_defanged_as_the_profile_says() -> None:
    url = thing(kind="url", value="https://hoshino-sale.test/lp?c=7")
    assert table(url)[0]["Value"] == "https://hoshino-sale.test/lp?c=7"
    assert table(url, defanged=True)[0]["Value"] == "hxxps://hoshino-sale[.]test/lp?c=7"
    ip = thing(kind="ip", value="203.0.113.7", host="hoshino-sale.test")
    assert [table(ip, defanged=True)[0][name] for name in ("Value", "Belongs to")] == [
        "203[.]0[.]113[.]7",
        "hoshino-sale[.]test",
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "−", "＠", "\t=", " ="])
@pytest.mark.parametrize("defanged", [True, False])
def test_no_cell_begins_a_formula(start: str, defanged: bool) -> None:
    value = f"{start}HYPERLINK(1)\x1b]0;x\u202e"
    things = (thing(kind="line", value=value), thing(kind="advertiser", value=value, note=value))
    for row in table(*things, defanged=defanged, texts=(("body", value),), brand=value):
        for cell in row.values():
            assert cell.lstrip()[:1] not in {*"=+-@＝＋−＠"}
            assert not {"\x1b", "\u202e"} & set(cell)
