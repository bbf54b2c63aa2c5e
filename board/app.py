"""The application: every way of the board under its guard."""

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from board import judging, pictures, signing, single_sign_on, wall
from board.board import Board
from board.case import WAYS as CASE_WAYS
from board.fence import Fence
from board.guard import guarded, not_found
from board.lanes import LANES, Threads
from board.overview import pages as overview_pages
from board.setup import pages as setup_pages
from board.static import static
from board.tidy import tidying
from board.ways import Asked, Way, inside
from board.words import LANGUAGES


class _Number(Convertor[int]):
    """A number in a path, as long as those of the store; a longer one is no way."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


def home(asked: Asked) -> Response:
    """Lead to the wall."""
    return asked.go("/wall")


def language(asked: Asked) -> Response:
    """Choose a language, and go back."""
    back = asked.text("back")
    response = asked.go(back if inside(back) else "/")
    chosen = asked.text("language", most=2)
    if chosen in LANGUAGES:
        response.set_cookie("language", chosen, max_age=31536000, **signing.flags(asked))
    return response


def health(_: Asked) -> Response:
    """Say that the board answers."""
    return Response("well\n", media_type="text/plain")


WAYS: tuple[Way, ...] = (
    Way(path="/", does=home),
    Way(path="/language", does=language, method="POST", least=None, name="language"),
    Way(path="/health", does=health, least=None, light=True),
    Way(path="/static/{hash}/{name}", does=static, least=None, light=True),
    *signing.WAYS,
    *single_sign_on.WAYS,
    *wall.WAYS,
    *judging.WAYS,
    *pictures.WAYS,
    *CASE_WAYS,
    *overview_pages.WAYS,
    *setup_pages.WAYS,
)


def make_app(board: Board) -> ASGIApp:
    """Return the application within its fence."""
    register_url_convertor("int", _Number())  # Starlette's own fails on thousands of digits, before any guard
    threads = {lane: Threads(most) for lane, most in LANES.items()}
    routes = [Route(way.path, guarded(board, way, threads), methods=[way.method]) for way in WAYS]
    nowhere = not_found(board, threads["open"])
    app = Starlette(routes=routes, exception_handlers={HTTPException: nowhere}, lifespan=tidying(board))
    app.router.redirect_slashes = False  # it would lead to wherever a proxy says that we are
    return Fence(app, board)
