"""How everything stands now, as the overview tells it: what somebody has to look at, sources, logs that lag behind."""

from dataclasses import dataclass
from datetime import datetime

from board.ways import Asked
from desk.inert import inert
from desk.standing import Health, Lag, Standing, Trouble

MOST = 200  # rows of a list
MOST_WORDS = 400  # characters of one sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A trouble in the person's language."""

    area: str
    says: str
    foreign: bool  # nobody has put it into that language: it stands in English
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """All of it."""

    troubles: tuple[Told, ...]
    sources: tuple[Health, ...]  # those that need a look first
    more: int  # sources that are not shown
    lags: tuple[Lag, ...]


def now_of(standing: Standing, asked: Asked) -> Now:
    """Return it as the overview tells it."""
    return Now(
        troubles=tuple(told(one, asked) for one in standing.troubles),
        sources=standing.sources[:MOST],
        more=max(0, len(standing.sources) - MOST),
        lags=standing.lags[:MOST],
    )


def told(trouble: Trouble, asked: Asked) -> Told:
    """Return a trouble in the person's language."""
    words = asked.words
    key = f"overview.trouble.{trouble.kind}"
    says = trouble.says
    foreign = words.language != "en"
    if foreign and key in words.messages:
        says, foreign = (
            words(key, **{name: _worded(name, value, asked) for name, value in trouble.about.items()}),
            False,
        )
    return Told(area=trouble.area, says=inert(says, limit=MOST_WORDS), foreign=foreign, command=trouble.command)


def _worded(name: str, value: object, asked: Asked) -> object:
    if isinstance(value, datetime):
        return asked.words.moment(value)
    if name == "state":
        return asked.words.get(f"overview.state.{value}", str(value))
    return value
