"""Secrets that stand in the address of a source: told by their names, never by what they are."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main

CANARY = "hunter2-0123456789"
HEAD = '[crawler]\ncontact = "brand@hoshino-denki.example"\n[[source]]\nkey = "a"\n'
JSON = 'kind = "json"\nitems = "rows"\nfields = { id = "id" }\nmethod = "POST"\n'


def checked(folder: Path, source: str) -> tuple[int, list[str]]:
    """Check a configuration with one source; return the exit code and what was said to people."""
    (folder / "mekiki.toml").write_text(HEAD + source, "utf-8")
    done = CliRunner().invoke(main, ["config", "check", "--config", str(folder / "mekiki.toml")])
    assert CANARY not in done.output
    assert "hunter2" not in done.output
    return done.exit_code, done.stderr.splitlines()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (f'kind = "feed"\nurls = ["https://f.test/x?token={CANARY}"]', [("urls", "token")]),
        (
            f'kind = "feed"\nurls = ["https://f.test/x?a=1&key={CANARY}&API-Key={CANARY}"]',
            [("urls", "key"), ("urls", "API-Key")],
        ),
        (f'kind = "web"\nsitemaps = ["https://f.test/s.xml?access_token={CANARY}"]', [("sitemaps", "access_token")]),
        (f'kind = "web"\nurls = ["https://f.test/?X-Amz-Signature={CANARY}"]', [("urls", "X-Amz-Signature")]),
        (
            f'{JSON}url = "https://f.test/"\nparams = {{ client_secret = "{CANARY}", q = "{{name}}" }}',
            [("params", "client_secret")],
        ),
        (f'{JSON}url = "https://f.test/"\nbody = {{ login = {{ password = "{CANARY}" }} }}', [("body", "password")]),
        ('kind = "feed"\nurls = ["https://f.test/x?q=token&keyword=key&token=&page_token=abc&monkey=1"]', []),
        (f'{JSON}url = "https://f.test/"\nparams = {{ key = "{{name}}", pageToken = "x" }}', []),
    ],
)
def test_one_line_names_each_and_the_key_to_use_instead(
    tmp_path: Path, source: str, told: list[tuple[str, str]]
) -> None:
    code, lines = checked(tmp_path, source)
    assert code == 0, lines
    assert [tuple(line.split()[4:6]) for line in lines] == [(f"{field}:", name) for field, name in told]
    for line in lines:
        assert line.startswith("mekiki: warning: source a: ")
        assert 'send it by `headers`, as { Authorization = "env:NAME" }' in line


@pytest.mark.parametrize("scheme", ["https", "ftp"])
def test_an_address_with_a_password_before_its_host_is_not_loaded(tmp_path: Path, scheme: str) -> None:
    code, lines = checked(tmp_path, f'kind = "feed"\nurls = ["{scheme}://aki:{CANARY}@f.test/"]')
    assert (code, len(lines)) == (2, 1), lines
    assert "source[0].urls" in lines[0]
    assert ("put them into headers, as env:NAME" if scheme == "https" else "https:// URL, got 'ftp:…'") in lines[0]
