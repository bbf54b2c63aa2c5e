"""What of the configuration and the installation needs mending: what `config check` and `doctor` find.

GET  /setup/check
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.responses import Response

from board.board import Board
from board.paper import page
from board.setup.profiled import profiles
from board.ways import Asked, Way
from desk.checked import Finding, problems, warnings
from desk.doctor import Check, configured, installation
from desk.standing import Health
from safety.screen import screen
from storage.profiles import Profiles

FRESH = timedelta(minutes=5)
PATIENCE = 10.0  # seconds: it starts children and reads every logo
MOST = 300  # rows
MOST_WORDS = 400  # characters of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """All that was looked at."""

    findings: tuple[Finding, ...]  # what cannot work first
    checks: tuple[Check, ...]
    sources: tuple[Health, ...]  # that need a look

    @property
    def well(self) -> bool:
        """Whether nobody has to mend anything."""
        return not self.findings and not self.sources and all(check.ok for check in self.checks)


def check(asked: Asked) -> Response:
    """Show what needs mending."""
    board, known = asked.board, profiles(asked.board)
    made = None
    if known is not None:
        made = board.kept.ask("checked", lambda: checked(board, known), fresh=FRESH, patience=PATIENCE)
    return page(
        asked,
        "setup/check.html.j2",
        here="/setup/check",
        made=made.value if made is not None else None,
        at=made.at if made is not None else None,
        most=MOST,
    )


def checked(board: Board, known: Profiles) -> Checked:
    """Look at everything; takes its time."""
    config = board.config
    folder = f"{config.file.parent}/"

    def shown(text: str) -> str:
        return screen(text.replace(folder, ""), limit=MOST_WORDS)

    found = (*problems(config, known.problems), *warnings(config, known.brands))
    told = {one.says for one in found}
    checks = [*installation(), *configured(config)]
    return Checked(
        findings=tuple(replace(one, says=shown(one.says)) for one in found),
        checks=tuple(
            replace(one, detail=shown(one.detail))
            for one in checks
            if one.ok or not any(says in one.detail for says in told)
        ),
        sources=tuple(one for one in board.standing.sources(board.now()) if not one.well),
    )


WAYS = (Way(path="/setup/check", does=check, slow=True),)
