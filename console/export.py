"""`mekiki cases export`: cases, or all their items, as CSV, XLSX or JSON lines.

Columns are data: what each is called in English and Japanese, and how its cell is made. Spreadsheets get links that
nothing follows; JSON lines are for machines and carry everything as it was. The file appears whole or not at all,
readable by its owner alone.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Generic, Literal, TypeVar

import msgspec

from alerts.words import WORDS
from console.app import Stop
from console.appearing import appearing
from desk.sheets import Cell, write_csv, write_xlsx
from detector.evidence import telling
from detector.items import Advertiser
from safety.screen import defang, defang_text
from storage.case_views import CaseItemView, CaseSummary
from takedown.story import handoffs_of

Format = Literal["csv", "xlsx", "jsonl"]
Language = Literal["en", "ja"]
MOST_URL = 2000  # characters of a link

T = TypeVar("T")
CaseItem = tuple[CaseSummary, CaseItemView]


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column of a sheet."""

    en: str
    ja: str
    cell: Callable[[T, Language], Cell]

    def called(self, language: Language) -> str:
        """Return its heading."""
        return self.ja if language == "ja" else self.en


def _state(case: CaseSummary, language: Language) -> str:
    return WORDS[language].states.get(case.state, case.state)


def _decision(decision: str, language: Language) -> str:
    return WORDS[language].decisions.get(decision, decision)


def _why(case: CaseSummary, language: Language) -> str:
    top = case.top_evidence
    return WORDS[language].signals.get(top.signal, top.says) if top else ""


def _reasons(view: CaseItemView, language: Language) -> str:
    words = WORDS[language].signals
    told = sorted(view.verdict.told, key=telling)
    return "\n".join(f"{words.get(one.signal, one.says)} [{defang_text(one.observed)}]" for one in told)


def _advertiser(view: CaseItemView) -> Advertiser:
    return view.item.advertiser or Advertiser()


def _links(urls: Iterable[str | None]) -> str:
    return "\n".join(defang(url[:MOST_URL]) for url in urls if url)


CASE_COLUMNS: tuple[Column[CaseSummary], ...] = (
    Column("Case", "案件", lambda case, _: case.id),
    Column("Brand", "ブランド", lambda case, _: case.brand),
    Column("State", "状態", _state),
    Column("Title", "件名", lambda case, _: defang_text(case.title)),
    Column("Decision", "判定", lambda case, language: _decision(case.decision, language)),
    Column("Score", "スコア", lambda case, _: round(case.score, 4)),
    Column("Priority", "優先度", lambda case, _: round(case.priority, 4)),
    Column("Harm", "被害の大きさ", lambda case, language: _HARM[language][case.harm]),
    Column("Items", "件数", lambda case, _: case.items),
    Column("Sightings", "確認回数", lambda case, _: case.sightings),
    Column("Publishers", "掲載先数", lambda case, _: case.publishers),
    Column("Opened (UTC)", "検知日時(UTC)", lambda case, _: case.opened_at),
    Column("Last seen (UTC)", "最終確認(UTC)", lambda case, _: case.last_seen),
    Column("Due (UTC)", "期限(UTC)", lambda case, _: case.due_at),
    Column("Judged (UTC)", "判定日時(UTC)", lambda case, _: case.judged_at),
    Column("Assignee", "担当者", lambda case, _: case.assignee),
    Column("Tags", "タグ", lambda case, _: " ".join(case.tags)),
    Column("Duplicate of", "重複先", lambda case, _: case.merged_into),
    Column("Why", "主な理由", _why),
    Column(
        "Seen", "検出したもの", lambda case, _: defang_text(case.top_evidence.observed) if case.top_evidence else ""
    ),
    Column("Campaign", "キャンペーン", lambda case, _: defang_text(case.campaign)),
)

_HARM: dict[Language, dict[str, str]] = {
    "en": {"low": "low", "normal": "normal", "high": "high"},
    "ja": {"low": "低", "normal": "中", "high": "高"},
}

ITEM_COLUMNS: tuple[Column[CaseItem], ...] = (
    Column("Case", "案件", lambda row, _: row[0].id),
    Column("Brand", "ブランド", lambda row, _: row[0].brand),
    Column("State", "状態", lambda row, language: _state(row[0], language)),
    Column("Kind", "種類", lambda row, language: WORDS[language].kinds.get(row[1].item.kind, row[1].item.kind)),
    Column("Platform", "媒体", lambda row, _: row[1].item.platform),
    Column("Id", "ID", lambda row, _: row[1].item.id),
    Column("Address", "アドレス", lambda row, _: _links([row[1].item.url])),
    Column("Advertiser", "広告主", lambda row, _: _advertiser(row[1]).name),
    Column("Advertiser id", "広告主ID", lambda row, _: _advertiser(row[1]).id),
    Column("Paid by", "支払者", lambda row, _: _advertiser(row[1]).payer),
    Column("Text", "本文", lambda row, _: "\n".join(defang_text(text.text) for text in row[1].item.texts)),
    Column("Links", "リンク先", lambda row, _: _links(row[1].item.links)),
    Column("Shown as", "表示上のリンク", lambda row, _: _links([row[1].item.display_url])),
    Column("Leads to", "誘導先", lambda row, _: "\n".join(f"{one.kind} {one.value}" for one, _ in handoffs_of(row[1]))),
    Column("Seen on", "掲載ページ", lambda row, _: _links([row[1].item.publisher_url])),
    Column("First shown", "掲載開始", lambda row, _: row[1].item.first_shown),
    Column("Last shown", "掲載終了", lambda row, _: row[1].item.last_shown),
    Column("First seen (UTC)", "初回確認(UTC)", lambda row, _: row[1].first_seen),
    Column("Last seen (UTC)", "最終確認(UTC)", lambda row, _: row[1].last_seen),
    Column("Sightings", "確認回数", lambda row, _: row[1].sightings),
    Column("Sources", "取得元", lambda row, _: " ".join(row[1].sources)),
    Column("Decision", "判定", lambda row, language: _decision(row[1].verdict.decision, language)),
    Column("Score", "スコア", lambda row, _: round(row[1].verdict.score, 4)),
    Column("Policy", "ポリシー", lambda row, _: row[1].verdict.policy),
    Column("Why", "理由", lambda row, language: _reasons(row[1], language)),
    Column("Pictures (SHA-256)", "画像(SHA-256)", lambda row, _: " ".join(one.sha256 for one in row[1].pictures)),
)


def write_cases(path: Path, form: Format, cases: Iterable[CaseSummary], *, language: Language, force: bool) -> int:
    """Write cases to a file (`-`: standard output, not for XLSX); return how many.

    Raises:
        Stop: the file is there already and `force` is not set, or cannot be written.
    """
    return _write(path, form, CASE_COLUMNS, cases, language=language, force=force)


def write_items(path: Path, form: Format, items: Iterable[CaseItem], *, language: Language, force: bool) -> int:
    """Write items, each with its case, to a file; as `write_cases`."""
    return _write(path, form, ITEM_COLUMNS, items, language=language, force=force)


def _write(
    path: Path, form: Format, columns: Sequence[Column[T]], values: Iterable[T], *, language: Language, force: bool
) -> int:
    heading = [column.called(language) for column in columns]
    rows = ([column.cell(value, language) for column in columns] for value in values)
    if str(path) == "-":
        if form == "xlsx":
            raise Stop("an XLSX file cannot be written to standard output; name a file")
        return write_csv(sys.stdout, heading, rows) if form == "csv" else _write_lines(sys.stdout, values)
    with appearing(path, force=force) as aside:
        if form == "xlsx":
            return write_xlsx(aside, heading, rows, name="案件" if language == "ja" else "Cases")
        encoding = "utf-8-sig" if form == "csv" else "ascii"  # the mark tells Excel that it is UTF-8
        with aside.open("w", encoding=encoding, newline="") as out:
            return write_csv(out, heading, rows) if form == "csv" else _write_lines(out, values)


def _write_lines(out: IO[str], values: Iterable[Any]) -> int:
    count = 0
    for value in values:
        plain = msgspec.to_builtins(value if not isinstance(value, tuple) else {"case": value[0], "item": value[1]})
        out.write(json.dumps(plain, ensure_ascii=True) + "\n")
        count += 1
    return count
