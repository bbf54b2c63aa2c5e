"""What is made of the metrics: the page that documents them, the dashboard, the rules, and what Prometheus says."""

import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from cli import main
from config import load
from storage.database import open_engine, transaction, upgrade
from storage.runs import finish_run, start_run
from watch.lag import Lag
from watch.many.queue_figures import QueueFigures
from watch.observability.facts import FactsReader
from watch.observability.meter import Meter
from watch.observability.metrics import Metrics

RULES = Path("ops/prometheus/alerts.yml")
CASES = Path("ops/prometheus/alerts_test.yml")
DASHBOARD = Path("ops/grafana/mekiki.json")
PAGE = Path("docs/observability.md")
needs_promtool = pytest.mark.skipif(which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[[source]]
key = "shop"
kind = "web"
urls = ["https://shop.test/"]
every = "1h"
[[receiver]]
key = "desk"
channel = "slack"
url = "env:DESK"
[[route]]
receivers = ["desk"]
"""
QUEUE = QueueFigures(
    queue="crawl", waiting=3, oldest_wait=61.0, later=1, running=2, workers=(), dead=4, done=5, p50=1.0, p95=2.0
)

LAG = Lag(source="shop", log="https://ct.test/", read=1, behind=2, logged_at=NOW, read_at=NOW)
Shown = dict[str, dict[str, set[str]]]  # name of a metric -> its labels -> the values that they have


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """What an installation with workers exposes, when each thing has happened once."""
    folder = tmp_path_factory.mktemp("installation")
    (folder / "mekiki.toml").write_text(CONFIG, "utf-8")
    config = load(folder / "mekiki.toml")
    engine = open_engine(config.storage.database)
    upgrade(engine)
    with transaction(engine) as session:
        finish_run(session, start_run(session, "shop", NOW), NOW, "ok", {"items": 1, "error.http_403": 1})
    facts = FactsReader(config, engine, lambda: NOW).read()
    engine.dispose()
    whole = replace(facts, workers=2, queue=(QUEUE,), lags=(LAG,))
    meter = Meter()
    with meter.job("crawl"):
        pass
    meter.child("crawl", peak=1)
    found: Shown = {"up": {}}
    for family in text_string_to_metric_families(Metrics(lambda: whole, meter).text().decode()):
        assert family.samples, family.name
        for one in family.samples:
            labels = found.setdefault(one.name, {})
            for label, value in one.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


def rules() -> list[dict[str, Any]]:
    """Return the rules for alerts."""
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    """Return the panels of the dashboard."""
    return list(json.loads(DASHBOARD.read_text("utf-8"))["panels"])


def queries() -> list[tuple[str, str]]:
    """Return every query with the name of where it stands."""
    asked = [(panel["title"], target["expr"]) for panel in panels() for target in panel.get("targets", ())]
    return [*asked, *((rule["alert"], rule["expr"]) for rule in rules())]


@pytest.mark.parametrize(("where", "query"), queries())
def test_every_query_names_metrics_labels_and_values_that_exist(shown: Shown, where: str, query: str) -> None:
    used = set(re.findall(r"\b(?:mekiki|process)_\w+|\bup\b", query))
    assert used
    assert used <= shown.keys()
    labels = {label for name in used for label in shown[name]}
    by = {label.strip() for some in re.findall(r"\b(?:by|on) \(([^)]*)\)", query) for label in some.split(",")}
    assert by <= labels
    for name, picked in re.findall(r"(\w+)\{([^}]*)\}", query):
        for label, values in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', picked):
            assert (label, values) == ("job", "mekiki") or set(values.split("|")) <= shown[name][label]


def test_every_rule_says_what_happened_and_what_to_do_in_words_that_can_be_filled_in(shown: Shown) -> None:
    for rule in rules():
        says = rule["annotations"]
        assert says.keys() == {"summary", "action"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        for verb in re.findall(r"\bmekiki ([a-z]+)", says["action"]):
            assert verb in main.commands, rule["alert"]
        kept = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        names = re.findall(r"\b(?:mekiki_\w+|up)\b", rule["expr"])
        left = {*kept[0].split(", ")} if kept else {*shown[names[0]], "instance"}
        if re.match(r"(max|min|sum) \(|absent", rule["expr"]):
            left = set()
        assert set(re.findall(r"\$labels\.(\w+)", " ".join(says.values()))) <= left, rule["alert"]


def test_every_rule_has_a_case_in_which_it_fires() -> None:
    cases = yaml.safe_load(CASES.read_text("utf-8"))["tests"]
    firing = [
        re.search(r'alertname="(\w+)"', sample["labels"])
        for case in cases
        for asked in case.get("promql_expr_test", ())
        for sample in asked["exp_samples"]
    ]
    assert {one[1] for one in firing if one} == {rule["alert"] for rule in rules()}


def test_every_rule_is_documented() -> None:
    documented = re.findall(r"`(Mekiki\w+)`", PAGE.read_text("utf-8"))
    assert sorted(documented) == sorted(rule["alert"] for rule in rules())


def test_every_metric_is_documented(shown: Shown) -> None:
    documented = set(re.findall(r"`(mekiki_\w+)", PAGE.read_text("utf-8")))
    assert documented == {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown if name.startswith("mekiki_")}


def test_panels_of_the_dashboard_have_a_place_and_a_description_of_their_own() -> None:
    found = panels()
    assert len({panel["id"] for panel in found}) == len(found)
    assert len({panel["title"] for panel in found}) == len(found)
    taken: set[tuple[int, int]] = set()
    for panel in found:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["description"]
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}"


@needs_promtool
def test_prometheus_takes_the_configuration_the_rules_and_every_query_of_the_dashboard(tmp_path: Path) -> None:
    promtool("check", "config", str(RULES.with_name("prometheus.yml")))
    asked = [{"record": f"asked:{at}", "expr": query} for at, (_, query) in enumerate(queries())]
    (tmp_path / "asked.yml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": asked}]}), "utf-8")
    promtool("check", "rules", str(tmp_path / "asked.yml"))


@needs_promtool
def test_rules_fire_when_they_should_and_only_then() -> None:
    promtool("test", "rules", str(CASES))


def promtool(*arguments: str) -> None:
    """Run Prometheus' own tool."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
