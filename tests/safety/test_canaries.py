"""A secret in every field that takes one; none of them in anything that is printed, logged at DEBUG, or stored.

The configuration is put together from the documentation, so that a field that is documented is a field that is tried.
"""

import base64
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers.programs import python

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
[crawler]
contact = "https://hoshino-denki.example/contact"
timeout = 2
[[brand]]
key = "hoshino"
name = "星野電機"
domains = ["hoshino-denki.example"]
"""
SCRIPT = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
for name in ("sqlalchemy.engine", "sqlalchemy.pool", "aiohttp", "asyncio", "urllib3", "scrapy", "twisted"):
    logging.getLogger(name).setLevel(logging.DEBUG)
from cli import main
for command in sys.argv[1].split(";"):
    try:
        main([*command.split(), "--config", "mekiki.toml"])
    except SystemExit as end:
        print("ended", command, end.code)
"""


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    """The variables that the documented receivers, sources and visitors name, and what they hold."""
    names = sorted(set(re.findall(r'"env:([A-Z_0-9]+)"', documented())))
    return {name: f"kanarie-{number}-{name.lower().replace('_', '')}" for number, name in enumerate(names)}


def documented() -> str:
    """Return every table of a receiver, a source or a visitor that the documentation shows, each key once."""
    tables: dict[str, str] = {}
    for page in ("sources", "alerts", "operations"):
        text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
        for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
            for table in re.split(r"(?m)^(?=\[\[|\[(?!source\.|receiver\.))", block):
                key = re.search(r'(?m)^key = "(.*?)"', table)
                if key and table.startswith(("[[receiver]]", "[[source]]", "[[visitor]]")) and "env:" in table:
                    kind = table.partition("]]")[0]
                    if not re.search(r"(?m)^(paths|path|queries_file) =", table):
                        tables.setdefault(f"{kind} {key[1]}", table)
    text = "\n".join(tables.values())
    return f"{HEAD}\n[egress.hosts]\n{pinned(text)}\n{text}"


def pinned(text: str) -> str:
    """Return pins for every host that the configuration or our own code knows: nothing leaves this machine."""
    code = [*ROOT.glob("spiders/*.py"), *ROOT.glob("config/**/*.py"), *ROOT.glob("alerts/channels/*.py")]
    known = "\n".join([text, *(path.read_text("utf-8") for path in code)])
    hosts = sorted(set(re.findall(r"https?://([a-z0-9.-]+\.[a-z]+)", known)))
    return "\n".join(f'"{host}" = "127.0.0.1"' for host in hosts)


def run(folder: Path, secrets: dict[str, str], commands: str) -> str:
    """Type commands with everything logged; return all that was printed."""
    values = {
        name: f"https://{value}.invalid/{value}" if name.endswith("_URL") else value for name, value in secrets.items()
    }
    done = python("-c", SCRIPT, commands, cwd=folder, env={"PATH": "/usr/bin:/bin", **values})
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    for command in commands.split(";"):
        assert f"ended {command}" in output, output[-2000:]
    assert "DEBUG" in output
    return output


def shown(text: str, secrets: dict[str, str]) -> list[str]:
    """Return the names of the variables whose value the text holds, in whatever way it is spelt."""
    found = []
    for name, value in secrets.items():
        coded = base64.b64encode(value.encode()).decode().rstrip("=")
        if any(word.lower() in text.lower() for word in (value, quote(value, safe=""), coded)):
            found.append(name)
    return found


def test_no_secret_of_any_field_is_printed_logged_or_stored(tmp_path: Path, secrets: dict[str, str]) -> None:
    (tmp_path / "mekiki.toml").write_text(documented(), "utf-8")
    receivers = re.findall(r'\[\[receiver\]\]\s*key = "(.*?)"', documented())
    sources = re.findall(r'\[\[source\]\]\s*key = "(.*?)"', documented())
    assert len(secrets) >= 15
    assert [shown(f"x {quote(value)} y", secrets) for value in secrets.values()] == [[name] for name in secrets]
    assert len(receivers) >= 6
    assert len(sources) >= 6
    tries = ";".join(f"alerts test {key}" for key in receivers)
    output = run(tmp_path, secrets, f"config show;config check;alerts status;alerts pending;sources;doctor;{tries}")
    output += run(tmp_path, secrets, "crawl")
    assert output.count("not public") >= 5  # they were all on their way out
    assert shown(output, secrets) == []
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert shown(path.read_bytes().decode("latin-1"), secrets) == [], path.name
    modes = {path.stat().st_mode & 0o077 for path in tmp_path.rglob("mekiki.db*")}
    assert modes == {0}
