"""Templates: render one by its name, a team's own before the shipped one.

A template of one's own that fails while it runs costs a line in the report, never the message: the shipped one is used.
"""

import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, Template, TemplateError, TemplateNotFound, pass_eval_context
from jinja2.nodes import EvalContext

from alerts.dialect import Dialect
from alerts.message import Language, show
from config.templates import environment

SHIPPED = Path(__file__).parent / "templates"
LONGEST = 500_000  # characters that a template may write
_MISTAKES = (
    *(TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
)


class Templates:
    """The templates of one installation, read again when their files change."""

    def __init__(self, own: Path | None = None) -> None:
        """Look into the folder `own` first, where there is one."""
        self._own = own

    def render(
        self, name: str, language: Language, dialect: Dialect, values: Mapping[str, Any], problems: list[str]
    ) -> str:
        """Return the text; what went wrong with a team's own template is added to `problems`, one line.

        Raises:
            jinja2.TemplateError: the shipped template fails, which is a bug of ours.
        """
        if self._own is not None:
            folder = _folder(self._own, dialect)
            try:
                template = folder.find(name, language)
                if template is not None:
                    return template.render(values)[:LONGEST]
            except (*_MISTAKES, OSError) as error:
                problems.append(f"own template {_place(error, name)}: {_words(error)}; the shipped one was used")
        template = _folder(SHIPPED, dialect).find(name, language)
        if template is None:
            raise TemplateNotFound(name)
        return template.render(values)


class _Folder:
    """The templates below one folder, writing one dialect."""

    def __init__(self, root: Path, dialect: Dialect) -> None:
        self._dialect = dialect
        self._environment = environment()
        self._environment.loader = FileSystemLoader(root)
        self._environment.finalize = self._written

    @pass_eval_context
    def _written(self, context: EvalContext, value: Any) -> Any:
        """Escape what a template puts out; in HTML that is the autoescape's part.

        What filters such as `e` and `tojson` have made HTML of is no service's markup: in chats it is text like any.
        """
        if not isinstance(value, str) or (context.autoescape and hasattr(value, "__html__")):
            return value
        return self._dialect.plain(value)

    def find(self, name: str, language: Language) -> Template | None:
        """Return the template of the language, else that of all languages, else None."""
        try:
            return self._environment.select_template([f"{language}/{name}", name])
        except TemplateNotFound:
            return None


@cache
def _folder(root: Path, dialect: Dialect) -> _Folder:
    """Return a folder's templates, compiled once in a process."""
    return _Folder(root, dialect)


def _place(error: BaseException, name: str) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(name)]
    line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
    return f"{name}, line {line}" if line else name


def _words(error: BaseException) -> str:
    """Say what is wrong; the texts of other errors than Jinja's may hold anything."""
    return (
        show(str(error.args[0] if error.args else error), 120)
        if isinstance(error, TemplateError)
        else type(error).__name__
    )
