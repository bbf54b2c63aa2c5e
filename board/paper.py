"""Paper: templates become pages. Everything is escaped; what strangers wrote passes `inert` first, a filter here."""

from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from board.static import address
from board.ways import Asked
from desk.inert import inert, inert_url

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(inert=inert, inert_url=inert_url)  # {{ text|inert(limit=200) }}
_templates.globals.update(static=address, once=lambda: token_urlsafe(18))


def page(asked: Asked, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a template of `board/templates`, which knows `asked`, `board`, and the words as `t`."""
    text = _templates.get_template(template).render(asked=asked, board=asked.board, t=asked.words, **values)
    return HTMLResponse(text.encode("utf-8", "backslashreplace"), status)  # halves of characters cannot be sent
