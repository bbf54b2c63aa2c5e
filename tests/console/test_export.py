"""Cases as files: all of them, with headings, private, whole or not at all."""

import csv
import json
import stat
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from desk.sheets import MOST_ROWS, write_xlsx
from detector.assess import Assessor
from detector.items import Item, Text
from storage import export
from storage.case_list import list_cases
from storage.database import snapshot, transaction
from storage.export import exported_cases, exported_items
from storage.items import Observation, record_many
from storage.views import CaseFilters
from tests.console.conftest import BRAND, NOW, Store, ad
from tests.console.triaging import order


def run(store: Store, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["cases", "export", *arguments, "--config", str(store.config)])


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_a_row_for_each_case_in_the_order_of_the_list(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "cases.csv"
    assert run(store, str(out)).exit_code == 0
    rows = rows_of(out)
    assert [int(row["Case"]) for row in rows] == order(store)
    assert {row["State"] for row in rows} == {"open"}
    assert {row["Opened (UTC)"] for row in rows} == {"2026-11-23T09:00:00Z"}
    assert all("[.]test" in row["Title"] for row in rows)


def test_a_row_for_each_item_with_where_it_leads(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "items.csv"
    assert run(store, str(out), "--items").exit_code == 0
    rows = rows_of(out)
    assert sorted(row["Id"] for row in rows) == ["ad-1", "ad-2", "ad-3"]
    assert all(row["Links"].startswith("hxxps://hoshinodenki-outlet") for row in rows)
    assert all(row["Pictures (SHA-256)"] for row in rows)


def test_headings_and_words_are_japanese_on_request(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "cases.csv"
    assert run(store, str(out), "--language", "ja").exit_code == 0
    first = rows_of(out)[0]
    assert first["状態"] == "未対応"
    assert first["判定"] == "なりすまし"
    assert "ブランド" in first["主な理由"]


def test_filters_choose_what_is_written(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "cases.csv"
    assert "0 cases written" in run(store, str(out), "--state", "confirmed").output
    assert rows_of(out) == []


def test_the_file_is_private_and_nothing_is_written_over_without_being_told(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "cases.xlsx"
    assert run(store, str(out)).exit_code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    before = out.read_bytes()
    refused = run(store, str(out), "--state", "closed")
    assert refused.exit_code == 1
    assert "is there already; --force writes over it" in refused.output
    assert out.read_bytes() == before
    assert run(store, str(out), "--state", "closed", "--force").exit_code == 0
    assert out.read_bytes() != before
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert list(tmp_path.glob(".cases.xlsx*")) == []  # nothing half-written is left behind


def test_it_refuses_in_one_line_what_cannot_be_written(store: Store, tmp_path: Path) -> None:
    for arguments, message in (
        ((str(tmp_path / "no" / "where.csv"),), "cannot be written: No such file"),
        (("-", "--format", "xlsx"), "cannot be written to standard output"),
    ):
        result = run(store, *arguments)
        assert (result.exit_code, result.output.count("\n")) == (1, 1)
        assert message in result.output


def test_the_form_is_what_the_name_says(store: Store, tmp_path: Path) -> None:
    assert run(store, str(tmp_path / "a.jsonl")).exit_code == 0
    lines = (tmp_path / "a.jsonl").read_text("ascii").splitlines()
    assert [json.loads(line)["id"] for line in lines] == order(store)
    assert run(store, str(tmp_path / "a.xlsx"), "--items").exit_code == 0
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        assert "ad-2" in book.read("xl/worksheets/sheet1.xml").decode()


def test_many_pages_of_cases_and_items_are_written_whole_and_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    monkeypatch.setattr(export, "CASES", 2)
    monkeypatch.setattr(export, "ITEMS", 2)
    with transaction(store.engine) as session:
        for number in range(5):
            text = Text(role="body", text="星野電機")
            item = Item(id=f"more-{number}", kind="ad", texts=(text,), links=ad(1).links, seen_at=NOW)
            [verdict] = Assessor((BRAND,)).assess(item, on=NOW.date())
            record_many(
                session,
                [(Observation(item=item, source="tips", run_id=None, seen_at=NOW), [verdict])],
                judged_by="f" * 64,
                now=NOW,
                group_wait=timedelta(seconds=1),
                group_interval=timedelta(minutes=5),
            )
    with snapshot(store.engine) as session:
        listed = [case.id for case in list_cases(session, now=NOW)]
        cases = [case.id for case in exported_cases(session, CaseFilters(), now=NOW)]
        items = [(case.id, view.item.id) for case, view in exported_items(session, CaseFilters(), now=NOW)]
    assert cases == listed
    assert sorted(item for _, item in items) == ["ad-1", "ad-2", "ad-3", *(f"more-{number}" for number in range(5))]
    assert list(dict.fromkeys(case for case, _ in items)) == listed


def test_an_xlsx_goes_on_in_another_sheet_where_one_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.sheets.MOST_ROWS", 3)
    out = tmp_path / "out.xlsx"
    assert write_xlsx(out, ["n"], ([number] for number in range(7)), name="Cases") == 7
    with zipfile.ZipFile(out) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
        assert len(sheets) == 3
        assert "Cases 3" in book.read("xl/workbook.xml").decode()
    assert MOST_ROWS == 1_048_575
