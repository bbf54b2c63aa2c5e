"""The forms of a page that are sent with POST, each with the way that answers it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from starlette.routing import compile_path

from board.app import WAYS
from board.ways import Way

POSTS = [(compile_path(way.path)[0], way) for way in WAYS if way.method == "POST"]


@dataclass(slots=True, kw_only=True)
class Form:
    """One form, with its hidden fields."""

    way: Way
    fields: list[tuple[str, str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """Return the values of a field."""
        return [value for known, value in self.fields if known == name]


def way_of(path: str) -> Way:
    """Return what answers a POST to a path."""
    [way] = [way for shape, way in POSTS if shape.fullmatch(path)]
    return way


def forms_of(page: str) -> list[Form]:
    """Return the forms of a page."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def keyless(text: str) -> list[str]:
    """Return the actions of the forms of a template that write, and that do not begin as all of them must."""
    found = []
    for action, inside in re.findall(r'<form[^>]*method="post" action="([^"]*)"[^>]*>(.*?)</form>', text, re.DOTALL):
        way = way_of(re.sub(r"{{.*?}}", "1", action))
        if way.least is not None and way.writes and not re.search(r"{{ begin\(.*?\) }}", inside):
            found.append(action)
    return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(way=way_of(values["action"])) if values.get("method") == "post" else None
            self.forms += [self._open] if self._open else []
        elif tag == "input" and self._open is not None and values.get("type") == "hidden":
            self._open.fields.append((values["name"], values["value"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
