"""The application: every way of the board under its guard."""

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from board import signing
from board.board import Board
from board.guard import guarded
from board.static import static
from board.ways import Asked, Way
from board.words import LANGUAGES


def home(asked: Asked) -> Response:
    """Lead to the wall."""
    return asked.go("/wall")


def language(asked: Asked) -> Response:
    """Choose a language, and go back."""
    back = asked.text("back", most=500)
    response = asked.go(back if back.startswith("/") and not back.startswith("//") and "\\" not in back else "/")
    chosen = asked.text("language", most=2)
    if chosen in LANGUAGES:
        response.set_cookie("language", chosen, max_age=31536000, samesite="strict", httponly=True)
    return response


def health(_: Asked) -> Response:
    """Say that the board answers."""
    return Response("well\n", media_type="text/plain")


WAYS: tuple[Way, ...] = (
    Way(path="/", does=home),
    Way(path="/language", does=language, method="POST", least=None),
    Way(path="/health", does=health, least=None),
    Way(path="/static/{hash}/{name}", does=static, least=None),
    *signing.WAYS,
)


def make_app(board: Board) -> Starlette:
    """Return the application."""
    routes = [Route(way.path, guarded(board, way), methods=[way.method]) for way in WAYS]
    return Starlette(routes=routes)
