"""Evaluate, calibrate and explain from the command line, on a real store."""

import json
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from cli import main
from detector.assess import Assessor
from detector.items import Advertiser, Item, Text
from detector.policy import POLICY, read_policy, shipped_policy, shipped_versions
from detector.policy_text import write_policy
from detector.verdict import encode_verdict
from storage.cases import Judgement, judge
from storage.database import transaction
from storage.items import Observation, record_many
from tests.console.conftest import BRAND, NOW, Store

CASES = Path(__file__).parent.parent / "cases" / "texts.jsonl"


def run(store: Store, *arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(store.config)], input=text)


def decide(store: Store, case: int, action: str, reason: str | None = None) -> None:
    with transaction(store.engine) as session:
        judge(session, case, Judgement(who="aya", action=action, reason=reason), now=NOW + timedelta(hours=1))  # type: ignore[arg-type]


@pytest.fixture
def judged(store: Store) -> Store:
    """Sixty campaigns more: those that lead to a chat are fraud, those that clear stock are honest resellers."""
    assessor = Assessor((BRAND,))
    for number in range(60):
        fraud = number % 2 == 0
        words = "LINEで友だち追加 本人確認 利用停止" if fraud else "在庫一掃 閉店セール 期間限定"
        item = Item(
            id=f"row-{number}",
            kind="ad",
            platform="meta",
            advertiser=Advertiser(id=f"b{number}", name="星野電機 ショップ"),
            texts=(Text(role="body", text=f"【星野電機】{words} {number}"),),
            links=(f"https://s{number}.test/",),
        )
        seen = Observation(item=item, source="tips", run_id=None, seen_at=NOW)
        with transaction(store.engine) as session:
            [recorded] = record_many(
                session,
                [(seen, assessor.assess(item, on=NOW.date()))],
                judged_by=assessor.fingerprint,
                now=NOW,
                group_wait=timedelta(seconds=1),
                group_interval=timedelta(minutes=5),
            )
            assert recorded.cases, words
            answer = Judgement(who="aya", action="confirm") if fraud else None
            answer = answer or Judgement(who="aya", action="dismiss", reason="reseller")
            judge(session, recorded.cases[0], answer, now=NOW + timedelta(minutes=number))
    return store


def test_evaluate_on_labelled_items(store: Store, tmp_path: Path) -> None:
    diagram = tmp_path / "reliability.png"
    result = run(store, "evaluate", str(CASES), "--diagram", str(diagram), "--misses", "2")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    frauds = sum(row["expect"] == "flagged" for row in rows)
    assert f"{len(rows)} judged, {frauds} of them fraud, policy {POLICY.version}" in result.output
    for words in ("precision", "false alarms", "reseller", "hoshino", "meta", "Brier score", "judged wrongly"):
        assert words in result.output
    picture = Image.open(BytesIO(diagram.read_bytes()))
    assert picture.format == "PNG"
    colors = picture.convert("RGB").getcolors(2**20) or []
    assert len(colors) > 50
    assert any(color == (31, 95, 168) for _, color in colors)


def test_evaluate_as_json_agrees_with_what_score_says(store: Store) -> None:
    value = json.loads(run(store, "evaluate", str(CASES), "--json", "--misses", "3").output)
    items = "\n".join(json.dumps(json.loads(line)["item"]) for line in CASES.read_text("utf-8").splitlines())
    verdicts = [json.loads(line) for line in run(store, "score", text=items).output.splitlines()]
    flagged = {row["id"] for row in verdicts if row["decision"] in ("impersonation", "suspicious")}
    assert value["all"]["precision"]["of"] == len(flagged)
    assert sum(group["count"] for group in value["by_class"].values()) == value["all"]["count"]
    assert len(value["misses"]) <= 3
    assert value["recall_known"] is True


def test_a_line_without_a_label_is_told_and_the_rest_measured(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(
        '{"id": "a", "kind": "post", "label": "flagged", "texts": [{"role": "body", "text": "hello"}]}\n'
        '{"id": "b", "kind": "post"}\n{"item": {"id": 3}, "expect": "clear"}\nno json\n\n'
        '{"class": "news", "item": {"id": "c", "kind": "domain", "url": "hoshinodenki-sale.test"}}\n',
        "utf-8",
    )
    result = run(store, "evaluate", str(file), "--json")
    assert result.exit_code == 4
    lines = [line for line in result.output.splitlines() if line.startswith("mekiki:")]
    assert [line.split("labels.jsonl: ")[1][:7] for line in lines] == ["line 2:", "line 3:", "line 4:"]
    value = json.loads(result.stdout)
    assert (value["all"]["count"], value["all"]["frauds"]) == (2, 1)
    assert value["all"]["false_alarms"]["part"] == 1
    assert list(value["by_class"]) == ["flagged", "news"]


def test_evaluate_on_judgements_says_that_recall_is_unknown(store: Store) -> None:
    assert "nothing is judged yet" in run(store, "evaluate").output
    for case, action, reason in ((1, "confirm", None), (2, "dismiss", "reseller"), (3, "dismiss", "duplicate")):
        decide(store, case, action, reason)
    result = run(store, "evaluate")
    assert result.exit_code == 0, result.output
    assert "recall is unknown" in result.output
    assert "0.50 (0.09-0.91, 1/2)" in result.output
    value = json.loads(run(store, "evaluate", "--json").output)
    assert (value["on"], value["recall_known"], list(value["by_source"])) == ("judgements", False, ["tips"])
    assert "1.00" not in result.output.partition("judged as")[0]  # neither recall nor false alarms are made up
    assert "nothing is judged yet" in run(store, "evaluate", "--since", "2027-01-01").output


def test_evaluate_with_another_policy(store: Store, tmp_path: Path) -> None:
    decide(store, 1, "confirm")
    deaf = replace(POLICY, version="deaf", bias=-30.0)
    (tmp_path / "deaf.toml").write_text(write_policy(deaf), "utf-8")
    value = json.loads(run(store, "evaluate", "--policy", str(tmp_path / "deaf.toml"), "--json").output)
    assert (value["policies"], value["all"]["recall"]["value"]) == (["deaf"], 0.0)
    value = json.loads(run(store, "evaluate", str(CASES), "--policy", str(tmp_path / "deaf.toml"), "--json").output)
    assert value["all"]["recall"]["value"] == 0.0
    assert run(store, "evaluate", "--policy", "2019.1").exit_code == 2


def test_calibrate_refuses_what_is_too_little(store: Store) -> None:
    decide(store, 1, "confirm")
    result = run(store, "calibrate")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "needs 10 confirmed and 10 dismissed campaigns, there are 1 and 0" in result.output


def test_calibrate_learns_what_the_team_decides_and_writes_only_when_told(judged: Store, tmp_path: Path) -> None:
    before = judged.config.read_bytes()
    out = tmp_path / "policies" / "hoshino.toml"
    out.parent.mkdir()
    shown = run(judged, "calibrate")
    assert shown.exit_code == 0, shown.output
    assert "nothing was written" in shown.output
    assert "30 confirmed, 30 dismissed" in shown.output
    refused = run(judged, "calibrate", "--out", str(out), text="n\n")
    assert (refused.exit_code, out.exists()) == (1, False)
    written = run(judged, "calibrate", "--out", str(out), text="y\n")
    assert written.exit_code == 0, written.output
    assert judged.config.read_bytes() == before
    policy = read_policy(out.read_text("utf-8"))
    assert policy.version.startswith(f"{POLICY.version}+hoshino.20")
    assert policy.weights["lure.clearance"] < POLICY.weights["lure.clearance"]
    assert policy.weights["lure.threat"] > POLICY.weights["lure.threat"]
    assert policy.weights["host.lookalike"] == POLICY.weights["host.lookalike"]
    fitted = policy.fitted
    assert (fitted["campaigns"], fitted["confirmed"], fitted["first"]) == (60, 30, "2026-11-23")
    assert fitted["log_loss_after"] < fitted["log_loss_before"]
    assert len(fitted["inputs"][0]["sha256"]) == 64
    assert "fitted on 30 campaigns, was" in out.read_text("utf-8")
    again = run(judged, "calibrate", "--out", str(out), "--yes")
    assert (again.exit_code, "is already there" in again.output) == (2, True)
    assert run(judged, "calibrate", "--out", str(out.parent / "b.toml"), "--yes").exit_code == 0
    assert read_policy((out.parent / "b.toml").read_text("utf-8")).version == f"{policy.version}.2"


def test_the_configured_policy_judges_and_its_verdicts_replay_when_it_is_old(judged: Store, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    assert run(judged, "calibrate", "--out", str(folder / "a.toml"), "--yes").exit_code == 0
    policy = read_policy((folder / "a.toml").read_text("utf-8"))
    judged.config.write_text(judged.config.read_text("utf-8") + '[detector]\npolicy = "policies/a.toml"\n', "utf-8")
    value = json.loads(run(judged, "evaluate", str(CASES), "--json").output)
    assert value["policies"] == [policy.version]
    item = Item(id="1", kind="post", texts=(Text(role="body", text="【星野電機】本人確認 利用停止"),))
    (verdict,) = Assessor((BRAND,), policy).assess(item, on=NOW.date())
    (tmp_path / "verdict.json").write_bytes(encode_verdict(verdict))
    (folder / "a.toml").rename(folder / "old.toml")
    (folder / "a.toml").write_text(write_policy(replace(POLICY, version="mine")), "utf-8")
    hosts = run(judged, "score", "--format", "hosts", "--jobs", "2", text="hoshinodenki-sale.test\n")
    assert json.loads(hosts.output)["policy"] == "mine"
    assert json.loads(run(judged, "scan", "--json", "hoshinodenki-sale.test").output)[0]["policy"] == "mine"
    explained = run(judged, "explain", "--item", str(tmp_path / "verdict.json"))
    assert explained.exit_code == 0, explained.output
    assert "Replayed from evidence and policy" in explained.output
    (folder / "old.toml").unlink()
    lost = run(judged, "explain", "--item", str(tmp_path / "verdict.json"))
    assert lost.exit_code == 2
    assert "is not at hand" in lost.output


def test_a_broken_policy_in_the_configuration_stops_with_its_place(store: Store, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(write_policy(POLICY).replace("lure.offer", "lure.offfer"), "utf-8")
    store.config.write_text(store.config.read_text("utf-8") + '[detector]\npolicy = "p.toml"\n', "utf-8")
    result = run(store, "evaluate")
    assert result.exit_code == 2
    assert "detector.policy" in result.output
    assert "'lure.offfer': there is no such signal; did you mean 'lure.offer'?" in result.output


def test_explain_a_case(store: Store) -> None:
    result = run(store, "explain", "1")
    assert result.exit_code == 0, result.output
    for words in (
        "Replayed from evidence and policy",
        "bias: nothing is known",
        "Without one of them",
        "Fewest",
        "Today, with the profiles",
        "the same as then",
        "were domain:hoshinodenki-outlet",
        "registered (own)",
    ):
        assert words in result.output, words
    assert not set(result.output) & set("\u202e\x1b\x07")
    assert "https://" not in result.output


def test_explain_an_item_as_json_adds_up(store: Store) -> None:
    (value,) = json.loads(run(store, "explain", "ad-2", "--json").output)
    assert value["replays"] is True
    assert value["score"] == value["verdict"]["score"]
    total = value["bias"] + sum(one["weight"] for one in value["verdict"]["evidence"])
    assert value["log_odds"] == pytest.approx(total)
    registered = {(one["scope"], one["who"]): one for one in value["today"]["registered"]}
    assert registered["domain:hoshinodenki-outlet2.test", "own"]["score"] < value["score"]
    assert value["today"]["verdict"]["score"] == value["score"]


def test_explain_tells_what_has_changed_since(store: Store) -> None:
    store.config.write_text(
        store.config.read_text("utf-8")
        + '[[ownership]]\nbrand = "hoshino"\nwho = "reseller"\nscope = "advertiser:demo:a1"\n',
        "utf-8",
    )
    result = run(store, "explain", "ad-1")
    assert "official.partner -3.00 is new" in result.output
    assert "advertiser.uses_name +1.52 is gone" in result.output
    assert "the same as then" not in result.output


def test_explain_finds_a_verdict_that_was_changed(store: Store, tmp_path: Path) -> None:
    item = Item(id="1", kind="post", texts=(Text(role="body", text="【星野電機】本人確認"),))
    (verdict,) = Assessor((BRAND,)).assess(item, on=NOW.date())
    (tmp_path / "v.jsonl").write_bytes(encode_verdict(replace(verdict, score=0.99)) + b"\n")
    result = run(store, "explain", "--item", str(tmp_path / "v.jsonl"))
    assert result.exit_code == 4
    assert "does not replay" in result.output
    assert "the score is 0.99" in result.output


def test_explain_says_what_was_not_seen_and_would_have_decided(store: Store, tmp_path: Path) -> None:
    item = Item(id="1", kind="post", texts=(Text(role="body", text="星野電機の扇風機を三年使っています"),))
    (verdict,) = Assessor((BRAND,)).assess(item, on=NOW.date())
    (tmp_path / "v.jsonl").write_bytes(encode_verdict(verdict))
    said = run(store, "explain", "--item", str(tmp_path / "v.jsonl")).output.partition("What was not seen")[2]
    assert "host.imitated_suffix" in said
    assert "wording.fraud" not in said


@pytest.mark.parametrize("version", shipped_versions())
def test_verdicts_of_every_shipped_policy_replay(store: Store, tmp_path: Path, version: str) -> None:
    item = Item(id="1", kind="post", texts=(Text(role="body", text="【星野電機】本人確認 LINEで友だち追加"),))
    (verdict,) = Assessor((BRAND,), shipped_policy(version)).assess(item, on=NOW.date())
    (tmp_path / "v.jsonl").write_bytes(encode_verdict(verdict))
    (value,) = json.loads(run(store, "explain", "--item", str(tmp_path / "v.jsonl"), "--json").output)
    assert (value["verdict"]["policy"], value["replays"]) == (version, True)


def test_explain_refuses_in_one_line(store: Store, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"id": "1", "evidence": [{}], "policy": "x"}')
    for arguments, code, message in (
        ((), 2, "expected a case"),
        (("99",), 1, "there is no case 99"),
        (("nothing",), 1, "there is no verdict on nothing"),
        (("ad-1", "--brand", "other"), 1, "for brand other"),
        (("--item", str(tmp_path / "x.json")), 1, "line 1:"),
    ):
        result = run(store, "explain", *arguments)
        assert result.exit_code == code, result.output
        assert message in result.output
        assert result.output.count("\n") == 1
