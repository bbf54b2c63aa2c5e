"""A secret is a reference; its value comes out of `reveal` only."""

import json
import re
import traceback
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from safety.secret import Secret, SecretError, redact, remember

CANARY = "canary-7f3a"


def test_value_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSHINO_TOKEN", f" {CANARY}\n")
    assert Secret("env:HOSHINO_TOKEN").reveal() == CANARY


def test_value_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{CANARY}\n")
    assert Secret("file:token", tmp_path).reveal() == CANARY
    assert Secret(f"file:{tmp_path / 'token'}", Path("/elsewhere")).reveal() == CANARY


@pytest.mark.parametrize("value", ["", "  \n"])
def test_unset_and_blank_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
    monkeypatch.setenv("HOSHINO_TOKEN", value)
    (tmp_path / "token").write_text(value)
    with pytest.raises(SecretError, match="env:HOSHINO_TOKEN is not set"):
        Secret("env:HOSHINO_TOKEN").reveal()
    with pytest.raises(SecretError, match="file:token is not set"):
        Secret("file:token", tmp_path).reveal()
    monkeypatch.delenv("HOSHINO_TOKEN")
    with pytest.raises(SecretError, match="env:HOSHINO_TOKEN is not set"):
        Secret("env:HOSHINO_TOKEN").reveal()


def test_unreadable_file_is_named_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff" + CANARY.encode())
    with pytest.raises(SecretError, match="file:absent cannot be read: FileNotFoundError"):
        Secret("file:absent", tmp_path).reveal()
    with pytest.raises(SecretError, match="file:binary cannot be read: UnicodeDecodeError") as caught:
        Secret("file:binary", tmp_path).reveal()
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("reference", [CANARY, "env:", "file:", "vault:x", ""])
def test_a_value_in_clear_is_refused_and_not_repeated(reference: str) -> None:
    with pytest.raises(ValueError, match="env:NAME or file:PATH") as caught:
        Secret(reference)
    assert CANARY not in str(caught.value)


class Receiver(BaseModel):
    url: Secret


def test_model_shows_the_reference_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOSHINO_TOKEN", CANARY)
    receiver = Receiver.model_validate({"url": "env:HOSHINO_TOKEN"}, context={"base": tmp_path})
    shown = f"{receiver!r} {receiver} {receiver.url!r} {receiver.url} {receiver.model_dump_json()}"
    assert receiver.url.reveal() == CANARY
    assert CANARY not in shown
    assert json.loads(receiver.model_dump_json()) == {"url": "env:HOSHINO_TOKEN"}


def test_model_reads_files_beside_the_base(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(CANARY)
    assert Receiver.model_validate({"url": "file:token"}, context={"base": tmp_path}).url.reveal() == CANARY


def test_model_refuses_a_value_in_clear() -> None:
    with pytest.raises(ValidationError, match="never written into the file"):
        Receiver.model_validate({"url": "https://hooks.example/x"})


def test_traceback_of_a_missing_secret_has_no_value(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(CANARY.encode() + b"\xff")
    with pytest.raises(SecretError) as caught:
        Secret("file:token", tmp_path).reveal()
    assert caught.value.__cause__ is None, "the cause's repr would show the file's bytes"
    text = "".join(traceback.format_exception(caught.value))
    assert "file:token" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    "said",
    [
        r'{"key": "kr9/a\u002Bb\/c\u003D\u00e9\ud83d\ude00-leaks"}',
        json.dumps(json.dumps({"key": "kr9/a+b/c=é😀-leaks"})),
        r"kr9%2Fa\\u002bb/c=é😀-leaks",
    ],
)
def test_a_secret_is_found_however_json_escapes_it(said: str) -> None:
    remember("kr9/a+b/c=é😀-leaks")
    assert "***" in redact(said)
    assert not {"kr9", "leaks"} & set(re.findall(r"[a-z0-9]+", redact(said)))
