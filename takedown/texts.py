"""Texts of notices: write a template, a team's own before the shipped one, in as much as fits.

Flow: values with room for everything -> the text -> too long: the same with less room, so that the facts stay and the
long tail goes -> still too long: cut visibly.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, TemplateError

from alerts.message import Language
from config.templates import environment
from safety.screen import screen
from takedown.errors import TakedownError
from takedown.ground import Ground
from takedown.letter import ROOMS, Room, asks_for, values_of

SHIPPED = Path(__file__).parent / "templates"
LONGEST = 60_000  # characters of a text whose channel names no limit: more is no letter
TITLE = 150  # characters
STATEMENTS = ("good_faith", "accuracy", "authority")
_CUT = {"en": "\n(cut here; ask us for the rest)", "ja": "\n（以下省略。ご要望により提示します）"}
_MISTAKES = (TemplateError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_GAPS = re.compile(r"\n{3,}")


class TextFailed(TakedownError):
    """A template of a team's own fails while it is written."""


def letter(ground: Ground, characters: int | None = None) -> tuple[str, str]:
    """Return title and text of a notice, the text in at most so many characters.

    Raises:
        TextFailed: a template of a team's own cannot be written.
    """
    longest = min(characters or LONGEST, LONGEST)
    text = ""
    for room in ROOMS:
        title, text = _written(ground, room)
        if len(text) <= longest:
            return title, text
    mark = _CUT[ground.language]
    return title, text[: max(0, longest - len(mark))] + mark[-longest:]


def alone(ground: Ground, name: str) -> str:
    """Return one of the texts that fill a field alone, e.g. `statements/accuracy`, on one line.

    Raises:
        TextFailed: see `letter`.
    """
    return " ".join(_render(f"{name}.txt", ground, values_of(ground, ROOMS[-1])).split())


def _written(ground: Ground, room: Room) -> tuple[str, str]:
    values = values_of(ground, room)
    values["summary"] = " ".join(_render("summary.txt", ground, values).split())
    values["statements"] = [
        " ".join(_render(f"statements/{name}.txt", ground, values).split())
        for name in STATEMENTS
        if asks_for(ground, f"statement.{name}")  # type: ignore[arg-type]  # a Fact by its making
    ]
    title, _, text = _render(f"{ground.channel.template}.txt", ground, values).lstrip().partition("\n")
    title = " ".join(title.split())
    return (title if len(title) <= TITLE else title[: TITLE - 1] + "…"), _tidy(text)


def _render(name: str, ground: Ground, values: dict[str, Any]) -> str:
    own = ground.config.takedown.templates
    try:
        return str(_folder(ground.language, own).get_template(name).render(values))
    except _MISTAKES as error:
        if own is None:
            raise
        what = type(error).__name__
        if isinstance(error, TemplateError):  # the texts of other errors may hold anything
            what += f": {screen(str(error), limit=120)}"
        raise TextFailed(f"the text {own.name}/{name} cannot be written ({what}): mend it, or take it away") from error


def _tidy(text: str) -> str:
    return _GAPS.sub("\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"


@cache
def _folder(language: Language, own: Path | None) -> Any:
    """Return where texts are looked for: own ones of the language, own ones of all languages, shipped ones."""
    found = environment()
    found.loader = FileSystemLoader([*([own / language, own] if own is not None else []), SHIPPED / language])
    found.finalize = lambda value: "" if value is None else value
    return found
