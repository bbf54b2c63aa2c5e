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
from takedown.context import Context
from takedown.errors import TakedownError
from takedown.text_values import ROOMS, Room, asks_for, values_of

SHIPPED = Path(__file__).parent / "templates"
LONGEST = 60_000  # characters of a text whose channel names no limit: more is no letter
TITLE = 150  # characters
STATEMENTS = ("good_faith", "accuracy", "authority")
_CUT = {"en": "\n(cut here; ask us for the rest)", "ja": "\n（以下省略。ご要望により提示します）"}
_MISTAKES = (
    *(TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
    OSError,  # its file
)
_GAPS = re.compile(r"\n{3,}")


class TextFailed(TakedownError):
    """A template of a team's own fails while it is written."""


def text_of(context: Context, characters: int | None = None) -> tuple[str, str]:
    """Return title and text of a notice, the text in at most so many characters.

    Raises:
        TextFailed: a template of a team's own cannot be written.
    """
    longest = min(characters or LONGEST, LONGEST)
    text = ""
    for room in ROOMS:
        title, text = _written(context, room)
        if len(text) <= longest:
            return title, text
    mark = _CUT[context.language]
    return title, text[: max(0, longest - len(mark))] + mark[-longest:]


def alone(context: Context, name: str) -> str:
    """Return one of the texts that fill a field alone, e.g. `statements/accuracy`, on one line.

    Raises:
        TextFailed: see `text_of`.
    """
    return " ".join(_render(f"{name}.txt", context, values_of(context, ROOMS[-1])).split())


def _written(context: Context, room: Room) -> tuple[str, str]:
    values = values_of(context, room)
    values["summary"] = " ".join(_render("summary.txt", context, values).split())
    values["statements"] = [
        " ".join(_render(f"statements/{name}.txt", context, values).split())
        for name in STATEMENTS
        if asks_for(context, f"statement.{name}")  # type: ignore[arg-type]  # a Fact by its making
    ]
    title, _, text = _render(f"{context.channel.template}.txt", context, values).lstrip().partition("\n")
    title = " ".join(title.split())
    return (title if len(title) <= TITLE else title[: TITLE - 1] + "…"), _tidy(text)


def _render(name: str, context: Context, values: dict[str, Any]) -> str:
    own = context.config.takedown.templates
    try:
        return str(_folder(context.language, own).get_template(name).render(values))
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
