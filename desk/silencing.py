"""What a silence means, as people say it: checked against the configuration, worded as the command's options."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from alerts.silences import Silenced
from config import Config
from safety.screen import screen

OPTIONS = {
    "brands": "--brand",
    "sources": "--source",
    "signals": "--signal",
    "kinds": "--kind",
    "platforms": "--platform",
    "countries": "--country",
    "advertisers": "--advertiser",
    "tags": "--tag",
    "decisions": "--decision",
    "cases": "--case",
    "min_score": "--min-score",
    "everything": "--everything",
}


class NoSilence(Exception):
    """It means nothing, or names what the configuration does not have; the message says which option."""


def silenced_of(config: Config, asked: Mapping[str, Any]) -> Silenced:
    """Return what is meant.

    Args:
        config: brands and sources.
        asked: values by key of OPTIONS; without what is left open.

    Raises:
        NoSilence: it means nothing, or names what the configuration does not have.
    """
    try:
        silenced = Silenced(**asked)
    except ValidationError as error:
        detail = error.errors()[0]
        where = OPTIONS.get(str(detail["loc"][0]), "") if detail["loc"] else ""
        says = detail["msg"].removeprefix("Value error, ").partition("\n")[0]
        raise NoSilence(f"{where}: {says}".removeprefix(": ")) from error
    for noun, named, rows in (
        ("brand", silenced.brands, config.brand),
        ("source", silenced.sources, config.source),
    ):
        known = [row.key for row in rows]
        for key in named:
            if key not in known:
                raise NoSilence(f"--{noun}: there is no {noun} {key!r}; known: {', '.join(known) or 'none'}")
    return silenced


def meaning(matches: Mapping[str, Any]) -> str:
    """Word what a silence means, as its options."""
    words = []
    for name, value in matches.items():
        option = OPTIONS.get(name, name)
        values = [value] if not isinstance(value, list | tuple) else value
        words += [option if one is True else f"{option} {screen(str(one), limit=60)}" for one in values]
    return " ".join(words)
