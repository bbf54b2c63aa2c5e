"""Ways: the addresses of the board, each with what it does, who may, and whether it writes.

A page is made by a plain function on a thread: it takes an `Asked` and returns a `Response`. Everything that guards it
(who asks, may they, is it them, was it answered already) happens before, in `board.guard`, for all ways alike; a
function checks nothing of that itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from board.board import Board
from board.lanes import Lane
from board.words import Words
from config.board import Role
from storage.signed_in import Person

MOST_PATH = 2000  # characters
ROLES: tuple[Role, ...] = ("viewer", "analyst", "approver", "admin")  # each may what those before may


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of one person."""

    request: Request
    board: Board
    person: Person  # on open ways, where nobody is signed in: without login
    words: Words  # of the person's language
    now: datetime
    form: FormData = field(default_factory=FormData)  # of a POST

    @property
    def query(self) -> QueryParams:
        """What stands behind the question mark."""
        return self.request.query_params

    @property
    def partial(self) -> bool:
        """Whether a script asks for a piece of a page."""
        return self.request.headers.get("HX-Request") == "true"

    @property
    def address(self) -> str:
        """The path that was asked for, with its query; "/" where it cannot be led back to."""
        raw = self.request.scope.get("raw_path") or quote(self.request.url.path).encode()
        path, query = raw.decode("ascii", "replace").partition("?")[0], self.request.url.query
        whole = f"{path}?{query}" if query else path
        return whole if inside(whole) else "/"

    def may(self, role: Role) -> bool:
        """Tell whether the person may what this role may."""
        return may(self.person.role, role)

    def text(self, name: str, *, most: int = 10_000) -> str:
        """Return a field of the form, at most so many characters; "" where there is none or a file."""
        value = self.form.get(name)
        return value[:most] if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Return all fields of a name."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def upload(self, name: str) -> UploadFile | None:
        """Return an uploaded file."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) else None

    def go(self, path: str) -> Response:
        """Lead on to another page of the board.

        Raises:
            ValueError: that would lead elsewhere; paths that came with a request are asked for `inside` first.
        """
        if not _stays(path):
            raise ValueError(f"not a path of the board: {path!r}")
        if self.partial:
            return Response(headers={"HX-Redirect": path})
        return RedirectResponse(path, 303)


Does = Callable[[Asked], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One address."""

    path: str  # "/case/{case:int}", as Starlette writes it
    does: Does
    method: Literal["GET", "POST"] = "GET"
    least: Role | None = "viewer"  # the least role that may; None: open to all
    name: str = ""  # of a POST in the custody log: "judge", "draft"
    writes: bool = True  # a POST that only asks, with what is too long for an address, leaves no row of custody
    uploads: int = 0  # bytes of files that it takes
    light: bool = False  # answered at once, without a thread, whoever asks
    slow: bool = False  # it may take seconds: has few threads, and takes none of the others'
    subject: Callable[[Mapping[str, Any]], str] = lambda _: "board"  # of its custody row, of the path's parameters

    @property
    def lane(self) -> Lane:
        """Among whom it waits for a thread: what anybody may ask keeps nobody who is signed in from working."""
        return "open" if self.least is None else "slow" if self.slow else "usual"


def inside(path: str) -> bool:
    """Tell whether an address that came with a request stays within the board, as browsers read it: "//host" does not.

    One that is too long does not, either; our own may be longer.
    """
    return len(path) <= MOST_PATH and _stays(path)


def _stays(path: str) -> bool:
    plain = all("!" <= character <= "~" and character != "\\" for character in path)
    return plain and path.startswith("/") and not path.startswith("//")


def may(role: Role, least: Role) -> bool:
    """Tell whether a role may what another may."""
    return ROLES.index(role) >= ROLES.index(least)


def of_case(parameters: Mapping[str, Any]) -> str:
    """Return the subject of what is done with a case."""
    return f"case {parameters['case']}"
