"""The configuration: what loads, and how each mistake is told."""

import json
import re
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from config import Config, ConfigError, FeedSource, SlackReceiver, load
from safety.secret import Secret, SecretError

MINIMAL = '[crawler]\ncontact = "brand@hoshino-denki.example"\n'
BRAND = '[[brand]]\nkey = "hoshino"\nname = "星野電機"\n'


def problems(folder: Path, text: str) -> list[str]:
    """Load a text that must be refused, and return its problems without the folder."""
    file = folder / "mekiki.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def loaded(folder: Path, text: str) -> Config:
    file = folder / "mekiki.toml"
    file.write_text(text, "utf-8")
    return load(file)


def test_starter_file_loads_and_names_its_missing_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK_WEBHOOK_URL", raising=False)
    config = load(Path("examples/mekiki.toml"))
    assert [brand.key for brand in config.brand] == ["hoshino"]
    assert "receiver[0].url: env:SLACK_WEBHOOK_URL is not set" in str(config.missing_secrets()[0])


def test_starter_file_or_a_page_of_the_documents_shows_every_key() -> None:
    pages = [path for path in Path("docs").glob("*.md") if path.name != "configuration.md"]  # that one is generated
    text = "\n".join(path.read_text("utf-8") for path in (Path("console/starter.toml"), *pages))
    definitions = Config.model_json_schema()["$defs"]
    keys = {key for definition in definitions.values() for key in definition.get("properties", ())}
    keys -= {name for name in keys if re.search(rf"\[([a-z]+\.)?{name}\]", text)}  # a table of its own
    assert {key for key in keys if f"{key} =" not in text} == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[crawler\n", "mekiki.toml: is not valid TOML"),
        ("", "mekiki.toml: crawler: is missing"),
        (MINIMAL + "colour = 1\n", "mekiki.toml: crawler.colour: unknown key"),
        (MINIMAL + "concurency = 1\n", "crawler.concurency: unknown key; did you mean 'concurrency'?"),
        (MINIMAL + BRAND + "aliasses = []\n", "brand[0].aliasses: unknown key; did you mean 'aliases'?"),
        (MINIMAL + BRAND + BRAND, "brand[1].key: 'hoshino' is used twice"),
        (MINIMAL + BRAND + 'accounts = ["meta"]\n', "brand[0].accounts[0]: expected PLATFORM:ID"),
        (
            MINIMAL + '[[source]]\nkey = "registries"\nkind = "rdap"\naddresses = ["203.0.113"]\n',
            "source[0].addresses[0]: expected an IP address, got '203.0.113'",
        ),
        (
            MINIMAL + BRAND + '[[ownership]]\nbrand = "hoshno"\nwho = "own"\nscope = "domain:a.example"\n',
            "ownership[0].brand: there is no brand 'hoshno'; did you mean 'hoshino'?",
        ),
        (
            MINIMAL + BRAND + '[[ownership]]\nbrand = "hoshino"\nwho = "own"\nscope = "a.example"\n',
            "ownership[0].scope: expected domain:HOST",
        ),
        (MINIMAL + BRAND + 'domains = ["not a host"]\n', "brand[0].domains[0]: expected a host"),
        (MINIMAL + '[[source]]\nkey = "a"\n', "source[0]: kind is missing"),
        (
            MINIMAL + '[[source]]\nkey = "a"\nkind = "wbe"\n',
            "source[0].kind: expected 'web', 'feed', 'import', 'json', ",
        ),
        (MINIMAL + '[[brand]]\nkey = "A b"\nname = "x"\n', "brand[0].key: expected lower-case letters"),
        (
            MINIMAL + '[[source]]\nkey = "a"\nkind = "feed"\nurls = ["http://a.example"]\ncolumn = {}\n',
            "source[0].column: unknown key; did you mean 'columns'?",
        ),
        (MINIMAL + '[[source]]\nkey = "a"\nkind = "web"\n', "source[0]: expected urls or sitemaps"),
        (
            MINIMAL + '[[source]]\nkey = "a"\nkind = "web"\nurls = ["https://u:canary@a.example/"]\n',
            "source[0].urls[0]: a URL here carries no user or password",
        ),
        (
            MINIMAL + '[[source]]\nkey = "a"\nkind = "import"\npath = "-"\nevery = "5x"\n',
            "source[0].every: expected a length of time",
        ),
        (
            MINIMAL + '[[source]]\nkey = "a"\nkind = "import"\npath = "-"\nschedule = "often"\n',
            "source[0].schedule: expected five cron fields",
        ),
        (
            MINIMAL + '[[source]]\nkey = "a"\nkind = "web"\nurls = ["http://a.example"]\nfollow = ["("]\n',
            "source[0].follow: '(' is no RE2 pattern",
        ),
        (
            MINIMAL + '[[receiver]]\nkey = "r"\nchannel = "slack"\nurl = "https://hook.example/T0/secret"\n',
            "receiver[0].url: expected env:NAME or file:PATH",
        ),
        (MINIMAL + '[[route]]\nreceivers = ["r"]\n', "route[0].receivers: there is no receiver 'r'"),
        (MINIMAL + '[egress]\nallow = ["10.0.0.1"]\n', 'egress.allow: expected "ADDRESS:PORT"'),
        (MINIMAL + '[egress]\nhosts = { a = "b" }\n', 'egress.hosts: expected name = "ADDRESS"'),
        (
            MINIMAL + '[storage]\ndatabase = "postgresql+psycopg://u:pw@h/db"\n',
            "storage.database: expected env:NAME, because the URL carries a password",
        ),
        (
            MINIMAL + '[storage]\ndatabase = "postgresql+psycopg://u:p/w#x@h/db"\n',  # a slash in the password
            "storage.database: expected env:NAME, because the URL carries a password",
        ),
        (
            MINIMAL + '[storage]\ndatabase = "postgresql+psycopg://u@h/db?password=pw"\n',
            "storage.database: expected env:NAME, because the URL carries a password",
        ),
        (MINIMAL + 'include = ["x/*.toml"]\n', "crawler.include: unknown key"),
        ('include = ["x/*.toml"]\n' + MINIMAL, "include: no file matches 'x/*.toml'"),
    ],
)
def test_each_mistake_is_one_line_that_names_file_key_and_expectation(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(tmp_path, text)
    assert any(expected in line for line in found), found
    assert all("\n" not in line for line in found)


@pytest.mark.parametrize(
    "scheme", ["file:///etc/passwd", "ftp://a.example", "data:,x", "s3://b/k", "gopher://a.example"]
)
@pytest.mark.parametrize("place", ["urls", "sitemaps"])
def test_a_source_address_that_is_not_http_is_refused_with_its_field(tmp_path: Path, scheme: str, place: str) -> None:
    text = f'{MINIMAL}[[source]]\nkey = "a"\nkind = "web"\n{place} = ["{scheme}"]\n'
    assert f"source[0].{place}[0]: expected an http:// or https:// URL" in problems(tmp_path, text)[0]


def test_a_mistake_in_an_included_file_names_that_file_and_its_own_index(tmp_path: Path) -> None:
    (tmp_path / "brands").mkdir()
    (tmp_path / "brands" / "a.toml").write_text(BRAND, "utf-8")
    (tmp_path / "brands" / "b.toml").write_text(BRAND.replace("hoshino", "other") + "x = 1\n", "utf-8")
    text = 'include = ["brands/*.toml"]\n' + MINIMAL
    assert problems(tmp_path, text) == ["brands/b.toml: brand[0].x: unknown key"]
    (tmp_path / "brands" / "b.toml").write_text(BRAND, "utf-8")
    assert problems(tmp_path, text) == ["brands/b.toml: brand[0].key: 'hoshino' is used twice"]
    (tmp_path / "brands" / "b.toml").write_text(MINIMAL, "utf-8")
    assert "brands/b.toml: crawler: an included file holds only [[brand]]" in problems(tmp_path, text)[0]


def test_paths_are_relative_to_the_file_they_stand_in(tmp_path: Path) -> None:
    (tmp_path / "brands").mkdir()
    (tmp_path / "brands" / "a.toml").write_text(BRAND + 'logos = ["logo.svg"]\n', "utf-8")
    config = loaded(tmp_path, 'include = ["brands/*.toml"]\n' + MINIMAL)
    assert config.brand[0].logos == (tmp_path / "brands" / "logo.svg",)
    assert config.storage.media == tmp_path / "media"
    assert config.storage.database == f"sqlite:///{tmp_path}/mekiki.db"


def test_frozen_after_load(tmp_path: Path) -> None:
    config = loaded(tmp_path, MINIMAL + BRAND)
    with pytest.raises(ValueError, match="frozen"):
        config.brand[0].name = "x"


def test_intervals_and_unions_get_their_types(tmp_path: Path) -> None:
    text = MINIMAL + '[[source]]\nkey = "t"\nkind = "feed"\nurls = ["https://a.example/x"]\nevery = "15m"\n'
    source = loaded(tmp_path, text).source[0]
    assert isinstance(source, FeedSource)
    assert source.every == timedelta(minutes=15)


def test_a_secret_is_masked_everywhere_and_revealed_once_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "https://hook.example/hook-7f3a")
    (tmp_path / "token").write_text(" token-9c1d\n")
    text = MINIMAL + (
        '[[receiver]]\nkey = "r"\nchannel = "slack"\nurl = "env:HOOK"\n'
        '[[source]]\nkey = "s"\nkind = "web"\nurls = ["https://a.example"]\nheaders = { X = "file:token" }\n'
    )
    config = loaded(tmp_path, text)
    shown = repr(config) + str(config) + config.model_dump_json() + json.dumps(config.model_dump(mode="json"))
    assert "7f3a" not in shown
    assert "9c1d" not in shown
    assert "env:HOOK" in shown
    receiver = config.receiver[0]
    assert isinstance(receiver, SlackReceiver)
    assert receiver.url.reveal() == "https://hook.example/hook-7f3a"
    assert config.source[0].headers["X"].reveal() == "token-9c1d"
    assert config.missing_secrets() == []


@pytest.mark.parametrize("reference", ["env:MEKIKI_NO_SUCH_VARIABLE", "file:no-such-file"])
def test_a_missing_secret_names_its_reference(reference: str) -> None:
    with pytest.raises(SecretError, match=reference):
        Secret(reference).reveal()


def test_the_published_schema_accepts_the_starter_file() -> None:
    import tomllib

    schema = Config.model_json_schema()
    value = json.loads(json.dumps(tomllib.loads(Path("console/starter.toml").read_text("utf-8")), default=str))
    jsonschema.validate(value, schema)
    value["brand"][0]["aliasses"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema)
