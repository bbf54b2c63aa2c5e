"""What routes, quiet hours and inhibitions may say; every problem is named with its place."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from config import ConfigError, load
from config.routes import Alerting, Route, quickest

HEAD = """
[crawler]
contact = "brand@hoshino-denki.example"
[[brand]]
key = "hoshino"
name = "星野電機"
[[source]]
key = "tips"
kind = "feed"
paths = ["x"]
"""
RECEIVERS = "".join(
    f'[[receiver]]\nkey = "{key}"\nchannel = "slack"\nurl = "env:SLACK"\n'
    for key in ("brand-desk", "legal", "case-system")
)


def problems(tmp_path: Path, text: str) -> str:
    file = tmp_path / "mekiki.toml"
    file.write_text(HEAD + RECEIVERS + text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    return str(caught.value)


def test_the_documented_routes_load(tmp_path: Path) -> None:
    [block] = re.findall(r"```toml\n(\[\[route\]\].*?)```", Path("docs/alerts.md").read_text("utf-8"), re.DOTALL)
    file = tmp_path / "mekiki.toml"
    file.write_text(HEAD + RECEIVERS + block, "utf-8")
    config = load(file)
    assert (len(config.route), len(config.quiet), len(config.inhibit)) == (2, 1, 1)
    known = {name for model in (type(config.route[0]), type(config.quiet[0])) for name in model.model_fields}
    said = {name for row in (*config.route, *config.quiet) for name in row.model_fields_set}
    assert known == said  # the page shows every key


ROUTE = '[[route]]\nreceivers = ["legal"]\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ROUTE + 'quiet = "night"\n', "route[0].quiet: there is no quiet 'night'"),
        (
            ROUTE + 'escalate_to = ["legl"]\n',
            "route[0].escalate_to: there is no receiver 'legl'; did you mean 'legal'?",
        ),
        (ROUTE + 'sources = ["tip"]\n', "route[0].sources: there is no source 'tip'; did you mean 'tips'?"),
        (ROUTE + 'signals = ["host.lookalik"]\n', "route[0].signals: there is no signal 'host.lookalik'; did you mean"),
        (
            ROUTE + 'digest = "hourly"\n',
            'route[0].digest: expected "daily 09:00" or "weekly Mon 09:00", got \'hourly\'',
        ),
        (ROUTE + 'digest = "daily 25:00"\n', "expected a time of the day"),
        (ROUTE + 'reasons = ["first"]\nrepeat_interval = "1d"\n', 'route[0]: repeat_interval: needs "repeat"'),
        (ROUTE + 'reasons = ["first"]\nescalate_after = "1d"\n', 'escalate_after, escalate_to: need "escalated"'),
        (ROUTE + "empty = true\n", "route[0]: empty: is about digests; set digest, too"),
        (ROUTE + "default = true\nstop = true\n", "route[0]: stop: a default route is the last one anyway"),
        (
            ROUTE + 'default = true\nbrands = ["hoshino"]\n',
            "route[0]: brands: a default route is for what no other route matches; leave out brands or default",
        ),
        (ROUTE + "most_per_hour = 0\n", "route[0].most_per_hour"),
        (ROUTE + 'key = "a"\n' + ROUTE + 'key = "a"\n', "route[1].key: 'a' is used twice"),
        (ROUTE + 'grup_by = ["brand"]\n', "route[0].grup_by: unknown key; did you mean 'group_by'?"),
        ('[[quiet]]\nkey = "a"\n', "quiet[0]: expected hours, days or holidays: it is never quiet"),
        ('[[quiet]]\nkey = "a"\nhours = ["08:00", "08:00"]\n', "quiet[0]: hours: expected two different times"),
        ('[[quiet]]\nkey = "a"\nhours = ["8", "9"]\n', "expected a time of the day such as \"09:00\", got '8'"),
        ('[[quiet]]\nkey = "a"\nholidays = ["mars"]\n', "quiet[0].holidays[0]"),
        ('[[quiet]]\nkey = "a"\nhours = ["08:00", "09:00"]\nzone = "Mars"\n', 'a time zone such as "Asia/Tokyo"'),
        (
            '[[quiet]]\nkey = "a"\ndays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]\n',
            "quiet[0]: days: it is always quiet",
        ),
        (
            '[[inhibit]]\nsource = { brands = ["hosino"] }\ntarget = {}\nequal = ["brand"]\n',
            "inhibit[0].source.brands: there is no brand 'hosino'; did you mean 'hoshino'?",
        ),
        ("[[inhibit]]\nsource = {}\ntarget = {}\nequal = []\n", "inhibit[0].equal"),
    ],
)
def test_what_cannot_work_is_said_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in problems(tmp_path, text)


def test_intents_are_due_by_the_quickest_route() -> None:
    slow = Route.model_validate({"receivers": ["a"], "group_wait": "2m", "group_interval": "20m"})
    quick = Route.model_validate({"receivers": ["a"], "group_wait": "5s"})
    alerting = Alerting()
    assert quickest(alerting, []) == alerting
    assert quickest(alerting, [slow]).group_wait == timedelta(minutes=2)
    both = quickest(alerting, [slow, quick])
    assert (both.group_wait, both.group_interval) == (timedelta(seconds=5), timedelta(minutes=5))
