"""The demo: exactly what was planted is flagged, and every alert arrives signed."""

from pathlib import Path

from click.testing import CliRunner

from cli import main
from demo.site import OFFICIAL, PLANTED, content
from tests.servers.programs import mekiki


def test_the_world_serves_every_page_it_names() -> None:
    pages = content(80)
    assert all(body for _, body in pages.values())
    assert (OFFICIAL, "/") in pages


def test_the_demo_flags_exactly_what_was_planted(tmp_path: Path) -> None:
    done = mekiki("demo", "--dir", tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every planted fraud was flagged, nothing honest was" in done.stdout
    assert "case.first" in done.stdout
    config = str(tmp_path / "demo" / "mekiki.toml")
    listed = CliRunner().invoke(main, ["cases", "list", "--config", config])
    assert listed.exit_code == 0, listed.output
    assert "hoshino-denki-sale[.]test" in listed.output
    shown = CliRunner().invoke(main, ["cases", "show", "1", "--config", config])
    assert "Why " in shown.output
    again = CliRunner().invoke(main, ["demo", "--dir", str(tmp_path / "demo")])
    assert again.exit_code == 2
    assert "holds an earlier demo" in again.output


def test_planted_things_cover_ads_pages_and_feed_rows() -> None:
    assert {kind for kind, _ in PLANTED} == {"ad", "page"}
    assert len(PLANTED) == 7
