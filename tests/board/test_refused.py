"""What rooms refuse, in Japanese: as their own functions say it, and on the pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import get_args

import pytest
from sqlalchemy import update

from board.board import Board
from board.refused import refused_in, told_in
from storage import actions, notice_steps
from storage.cases import Judgement, case_detail, judge
from storage.database import snapshot, transaction
from storage.schema import CaseState, NoticeState, VerdictRow
from tests.board.conftest import Somebody

Make = Callable[..., Somebody]


def last(board: Board) -> str:
    with snapshot(board.engine) as session:
        return str(case_detail(session, 1).log_id)


def test_a_sentence_ends_once() -> None:
    assert refused_in("ja", "アイテムを選択してください。") == "アイテムを選択してください。"
    assert refused_in("en", "choose items") == "Choose items."
    assert told_in("en", "there is no case 7") == "there is no case 7"


def test_every_step_that_a_notice_or_a_case_refuses_has_its_japanese() -> None:
    began = datetime(2026, 11, 30, 8, tzinfo=UTC)
    said = {
        notice_steps.refusal(step, 7, state, at)
        for step in notice_steps.RULES
        for state in get_args(NoticeState)
        for at in (None, began)
    }
    said |= {
        actions.refusal(action, 7, state, into)
        for action in actions.RULES
        for state in get_args(CaseState)
        for into in (None, 3)
    }
    refused = [one for one in said if one is not None]
    assert len(refused) > 30
    assert [one for one in refused if told_in("ja", one) == one] == []


@pytest.mark.parametrize(
    ("path", "form", "says"),
    [
        ("/case/1/merge", {"other": "1", "seen": "{log}"}, "統合先とは別の案件を指定してください。"),
        ("/case/1/merge", {"other": "77", "seen": "{log}"}, "案件77はありません。"),
        ("/case/1/merge", {"other": "2", "seen": "1"}, "案件1は suzuki が先に更新しました。"),
        ("/case/1/split", {"item": "1", "seen": "{log}"}, "案件1のアイテムは1件です。その一部だけを選択してください。"),
        ("/case/1/split", {"item": "99", "seen": "{log}"}, "アイテム99は案件1に含まれていません。"),
        ("/case/1/unmerge", {}, "案件1は他の案件に統合されていません。"),
        ("/case/1/unsplit", {}, "案件1は他の案件から分割されたものではありません。"),
        ("/notice/9/withdraw", {"seen": "1"}, "削除申請9はありません。"),
        ("/setup/silences/9/end", {}, "通知停止9はありません。"),
        ("/setup/silences", {"brands": "hoshino", "length": "2h"}, "通知を止める理由を入力してください。"),
        ("/setup/silences", {"brands": "hoshino", "reason": "x"}, "終了日または期間のどちらか一方を指定してください。"),
        ("/setup/silences", {"brands": "no", "reason": "x", "length": "2h"}, "ブランド 'no' は設定にありません。"),
        ("/views", {"name": "x", "q": "colour:red"}, "条件 'colour' はありません。"),
        ("/setup/try", {"text": " "}, "URL、ホスト名、または文を入力してください。"),
        ("/views/drop", {"name": "x"}, "保存した条件 'x' はありません。"),
    ],
)  # fmt: skip
def test_what_rooms_refuse_is_said_in_japanese(
    path: str, form: dict[str, str], says: str, board: Board, somebody: Make
) -> None:
    with transaction(board.engine) as session:
        judge(session, 1, Judgement(who="suzuki", action="tag", tag="x"), now=board.now())
    one, log = somebody("analyst"), last(board)
    one.headers["Accept-Language"] = "ja"
    answer = one.post(path, {name: value.format(log=log) for name, value in form.items()})
    assert 400 <= answer.status_code < 500
    assert says in unescape(answer.text)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("score:3", "score: には0以上1以下の数値を指定してください（入力：'3'）"),
        ("priority:x", "priority: には0以上の数値を指定してください（入力：'x'）"),
        ("older:1", "older: の期間は 15m、2h、1d、2w のように入力してください（入力：'1'）"),
        ("state:gone", "'gone' という値はありません。使えるもの：open,"),
        ("kind:", "kind: に値がありません"),
        ('"', "引用符が閉じていません"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_japanese(line: str, says: str, somebody: Make) -> None:
    page = somebody("viewer").client.get("/wall", params={"q": line}, headers={"Accept-Language": "ja"}).text
    assert f"条件を読み取れません（{says}" in unescape(page)


@pytest.mark.parametrize("path", ["/overview", "/report"])
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"brand": "no"}, "ブランド 'no' は設定にありません"),
        ({"period": "8d"}, "'8d' という期間はありません。使えるもの：7d, 30d, 90d, 365d, month, last-month"),
        ({"from": "soon"}, "日付は 2027-03-31 のように入力してください（入力：'soon'）"),
        ({"to": "0001-01-02"}, "最終日 0001-01-02 は古すぎます"),
        ({"from": "2026-11-20", "to": "2026-11-19"}, "開始日 2026-11-20 が最終日 2026-11-19 より後です"),
        ({"from": "2027-01-01", "to": "2027-01-02"}, "開始日 2027-01-01 は未来の日付です"),
        ({"from": "0001-01-01"}, "開始日 0001-01-01 は古すぎます。比較する前の期間がありません"),
    ],
)
def test_what_is_wrong_with_a_period_is_said_in_japanese(
    path: str, query: dict[str, str], says: str, somebody: Make
) -> None:
    answer = somebody("viewer").client.get(path, params=query, headers={"Accept-Language": "ja"})
    assert (answer.status_code, f"この条件では集計できません({says})" in unescape(answer.text)) == (422, True)


def test_a_policy_that_is_not_there_any_more_is_said_in_japanese(board: Board, somebody: Make) -> None:
    with transaction(board.engine) as session:
        session.execute(update(VerdictRow).values(policy="2019-01-01"))
    answer = somebody("viewer").client.get("/case/1/explanation", headers={"Accept-Language": "ja"})
    assert "<p class=\"problem\">判定基準 '2019-01-01' が見つかりません。</p>" in unescape(answer.text)
