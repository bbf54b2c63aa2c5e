"""Bulk scoring: order, bad lines, formats, children, pictures."""

import json
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from console import score as module
from console.score import Format, ScoreReport, ScoreTask, score_stream
from detector.brands import BrandProfile

BRAND = BrandProfile(
    key="hoshino",
    name="星野電機",
    aliases=("Hoshino Denki", "hoshinodenki"),
    domains=("hoshino-denki.example",),
)


def run(
    data: bytes, *, form: Format = "items", jobs: int = 1, min_score: float = 0.0, base: Path = Path()
) -> tuple[list[dict[str, object]], list[tuple[int, str]], ScoreReport]:
    task = ScoreTask(brands=(BRAND,), format=form, min_score=min_score, on=date(2026, 11, 23), base=base)
    output: list[bytes] = []
    problems: list[tuple[int, str]] = []
    report = score_stream(
        task, BytesIO(data), jobs=jobs, write=output.append, report=lambda n, why: problems.append((n, why))
    )
    return [json.loads(line) for line in b"".join(output).splitlines()], problems, report


def items(count: int) -> bytes:
    texts = ("星野電機 公式 閉店セール 80%OFF LINEで友だち追加", "今日の天気は晴れ")
    rows = [
        {
            "id": str(n),
            "kind": "ad",
            "texts": [{"role": "body", "text": texts[n % 2]}],
            "links": [f"https://s{n}.test/"],
        }
        for n in range(count)
    ]
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def test_a_malformed_line_is_reported_with_its_number_and_the_rest_goes_on() -> None:
    good = items(3)
    verdicts, problems, report = run(good + b'{"id": 5, "kind": "ad"}\n\xff\xfe\n\n' + good)
    assert [verdict["id"] for verdict in verdicts] == ["0", "2", "0", "2"]
    assert [number for number, _ in problems] == [4, 5]
    assert "$.id" in problems[0][1]
    assert (report.lines, report.bad) == (9, 2)


def test_children_give_the_same_output_in_input_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 2000)
    data = items(200) + b"not json\n" + items(50)
    alone, problems_alone, _ = run(data)
    shared, problems_shared, report = run(data, jobs=2)
    assert shared == alone
    assert problems_shared == problems_alone
    assert problems_shared[0][0] == 201
    assert report.lines == 251


def test_a_line_without_end_is_reported_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE", 1000)
    verdicts, problems, _ = run(items(1) + b"x" * 50_000 + b"\n" + items(1))
    assert [verdict["id"] for verdict in verdicts] == ["0", "0"]
    assert problems == [(2, "the line is longer than 1000 bytes")]


@pytest.mark.parametrize(
    ("form", "line", "where"),
    [("hosts", "hoshinodenki-sale.test", "host"), ("urls", "https://hoshinodenki-sale.test/a", "host")],
)
def test_hosts_and_urls_are_plain_lines_whose_id_is_the_line(form: Format, line: str, where: str) -> None:
    verdicts, _, _ = run(f"garden.example\n{line}\n".encode(), form=form)
    assert [verdict["id"] for verdict in verdicts] == [line]
    evidence = verdicts[0]["evidence"]
    assert isinstance(evidence, list)
    assert any(entry["signal"].startswith(where) for entry in evidence)


@pytest.mark.parametrize("form", ["hosts", "urls"])
def test_a_line_that_names_no_host_is_bad(form: Format) -> None:
    _, problems, report = run(b"garden.example\nbad host!!\nfoo\n", form=form)
    assert problems == [(2, "the line names no host"), (3, "the line names no host")]
    assert report.bad == 2


def test_min_score_leaves_out_what_is_below() -> None:
    everything, _, _ = run(items(2))
    score = everything[0]["score"]
    assert isinstance(score, float)
    assert run(items(2), min_score=score)[0] == everything
    assert run(items(2), min_score=min(1.0, score + 1e-6))[0] == []


def test_picture_paths_are_relative_to_the_input_and_unreadable_ones_are_told(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nxx")
    Image.effect_noise((300, 200), 90).convert("RGB").save(tmp_path / "fine.png")
    row = {"id": "p", "kind": "ad", "images": ["fine.png", "broken.png", "gone.png", "https://far.example/x.png"]}
    _, problems, report = run(json.dumps(row).encode(), base=tmp_path)
    assert [number for number, _ in problems] == [1, 1]
    assert "broken.png" in problems[0][1]
    assert "gone.png: there is no such file below the folder of the input" in problems[1][1]
    assert report.bad == 2


def test_a_picture_above_the_folder_is_not_read_and_a_path_of_megabytes_not_kept(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.effect_noise((300, 200), 90).convert("RGB").save(tmp_path / "outside.png")
    row = {"id": "p", "kind": "ad", "images": ["../outside.png", str(tmp_path / "outside.png"), "x" * 1_000_000]}
    _, problems, _ = run(json.dumps(row).encode(), base=tmp_path / "in")
    assert ["no such file" in why for _, why in problems] == [True, True, False]
    assert len(problems[2][1]) < 100


def test_no_raw_control_or_direction_mark_reaches_the_output() -> None:
    hostile = "星野電機 公式\u202e\x9b31m\x7f\U000e0041"
    task = ScoreTask(brands=(BRAND,), format="items", min_score=0.0, on=date(2026, 11, 23), base=Path())
    row = {"id": hostile, "kind": "ad", "texts": [{"role": "body", "text": "星野電機 公式"}]}
    output: list[bytes] = []
    score_stream(
        task,
        BytesIO(json.dumps(row, ensure_ascii=False).encode()),
        jobs=1,
        write=output.append,
        report=lambda n, why: None,
    )
    text = b"".join(output).decode()
    assert not set(text) & set("\u202e\x9b\x7f\U000e0041")
    assert "星野電機" in text
    assert json.loads(text)["id"] == hostile
