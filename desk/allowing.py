"""Allowing: an entry of `[[ownership]]` as somebody asks for it: checked, worded as TOML, tried on the open cases, and
appended to the file that the configuration names for it.

The file appears whole or not at all, is loaded with all others before it is written, and is left alone where somebody
changed it meanwhile.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import config as configuration
from config import Config, ConfigError
from config.loading import in_words
from config.models import Ownership
from desk.appearing import NotWritten, appearing
from detector.assess import Assessor
from detector.brands import BrandProfile, Scope
from detector.brands import Ownership as Entry
from detector.hosts import is_shared, parse_host
from detector.policy import Policy
from storage.actions import WAITING
from storage.schema import Case
from storage.verdicts import case_verdicts

MOST_CASES = 200  # open ones, those seen last, that an entry is tried on
MOST_ITEMS = 20  # of a case, the latest
MOST_FILE = 2**20  # bytes
_ROW = TypeAdapter(Ownership)


class NotAllowed(Exception):
    """An entry that makes no sense; the message says which field and why."""


class FileChanged(Exception):
    """Somebody wrote to the file since it was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEffect:
    """A case that would be otherwise with the entry."""

    id: int
    title: str
    items: int  # judged again
    flagged: int  # of them, with the entry


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEffect:
    """What an entry would do to the open cases of its brand."""

    changed: tuple[CaseEffect, ...]
    looked_at: int
    of: int  # open cases of the brand


def allowed(config: Config, asked: Mapping[str, Any]) -> Ownership:
    """Return the entry that is asked for.

    Args:
        config: the brands.
        asked: `brand`, `who`, `scope`, `until` (a day as text, or nothing) and `note`.

    Raises:
        NotAllowed: a field is wrong, the brand is not configured, or the scope would trust a host that anybody uses.
    """
    try:
        entry = _ROW.validate_python({name: value for name, value in asked.items() if value not in ("", None)})
    except ValidationError as error:
        problem = in_words(config.file, "ownership", _ROW, error.errors()[0])
        raise NotAllowed(f"{problem.path.removeprefix('ownership.')}: {problem.message}") from error
    if all(brand.key != entry.brand for brand in config.brand):
        raise NotAllowed(f"brand: there is no brand {entry.brand!r}")
    try:
        scope = Scope.parse(entry.scope)
    except ValueError as error:
        raise NotAllowed(f"scope: {error}") from error
    if scope.kind in ("domain", "path"):
        host = parse_host(scope.value.partition("/")[0])
        if host is None:
            raise NotAllowed(f"scope: expected a host such as shop.example, got {scope.value[:100]!r}")
        if scope.kind == "domain" and is_shared(host):
            raise NotAllowed(f"scope: anybody can have a page at {host.ascii}; name the page: path:{host.ascii}/…")
    if any(not character.isprintable() for character in f"{entry.scope}{entry.note}"):
        raise NotAllowed("scope, note: expected one line without control characters")
    return entry


def lines(entry: Ownership) -> str:
    """Word an entry as it stands in a configuration file."""
    rows = [("brand", entry.brand), ("who", entry.who), ("scope", entry.scope)]
    text = "[[ownership]]\n" + "".join(f"{name} = {_quoted(value)}\n" for name, value in rows)
    if entry.until is not None:
        text += f"until = {entry.until.isoformat()}\n"
    return text + (f"note = {_quoted(entry.note)}\n" if entry.note else "")


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are among TOML's, for texts that can be printed."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def effect_on_open(
    session: Session,
    entry: Ownership,
    brands: Sequence[BrandProfile],
    policy: Policy,
    *,
    on: date,
    goes_on: Callable[[], bool],
) -> OpenEffect:
    """Judge the items of open cases again as if the entry stood in the register.

    Args:
        session: of `storage.database.snapshot`.
        entry: as it would be written.
        brands: profiles, with what people's judgements say.
        policy: in use.
        on: the day.
        goes_on: tells whether there is time left.
    """
    more = Entry(who=entry.who, scope=Scope.parse(entry.scope), until=entry.until, note=entry.note)
    with_it = [replace(one, ownership=(*one.ownership, more)) if one.key == entry.brand else one for one in brands]
    assessor = Assessor(with_it, policy)
    mine = (Case.brand == entry.brand, Case.state.in_(WAITING))
    cases = session.execute(
        select(Case.id, Case.title).where(*mine).order_by(Case.last_seen.desc(), Case.id.desc()).limit(MOST_CASES)
    ).all()
    changed, looked_at = [], 0
    for case_id, title in cases:
        if not goes_on():
            break
        looked_at += 1
        items = case_verdicts(session, case_id, MOST_ITEMS)
        flagged = sum(
            any(
                verdict.flagged
                for verdict in assessor.assess(one.item, on=on, pictures=one.pictures)
                if verdict.brand == entry.brand
            )
            for one in items
        )
        if flagged < len(items):
            changed.append(CaseEffect(id=case_id, title=title, items=len(items), flagged=flagged))
    of = session.scalar(select(func.count()).select_from(Case).where(*mine)) or 0
    return OpenEffect(changed=tuple(changed), looked_at=looked_at, of=of)


def fingerprint(file: Path) -> str:
    """Return what a file is known by until somebody changes it; "" where it cannot be read."""
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def append_entry(config: Config, entry: Ownership, *, seen: str) -> Path:
    """Append an entry to the file that `[board] writes` names; it takes effect when programs read the configuration.

    Args:
        config: as it was loaded.
        entry: what `allowed` returned.
        seen: fingerprint of the file when the person saw it.

    Raises:
        NotAllowed: no file is named, it is not included, or the configuration is or would be wrong.
        FileChanged: it is not the one that was seen.
        NotWritten: it could not be written; what stood there stands there.
    """
    file = config.board.writes
    if file is None:
        raise NotAllowed("[board] writes names no file that the board may write to")
    folder = config.file.parent.resolve()
    if file == config.file or file.is_symlink() or not file.resolve().is_relative_to(folder):
        raise NotAllowed(f"[board] writes: expected an included file below {folder.name}, got {file.name}")
    with _alone(file):
        if fingerprint(file) != seen:
            raise FileChanged(f"{file.name} was changed meanwhile; look at it and send it again")
        try:
            if entry in configuration.load(config.file).ownership:
                raise NotAllowed("this entry stands in the configuration already")
            text = _appended(file, lines(entry))
            after = configuration.load(config.file, instead={file: text})
        except ConfigError as error:
            raise NotAllowed(str(error.problems[0])) from error
        if entry not in after.ownership:
            raise NotAllowed(f"[board] writes: {file.name} is none of the files that `include` names")
        mode = file.stat().st_mode & 0o777
        with appearing(file, force=True) as aside:
            with aside.open("w", encoding="utf-8", newline="") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            aside.chmod(mode)
    return file


def _appended(file: Path, block: str) -> str:
    data = file.read_bytes()
    if len(data) > MOST_FILE:
        raise NotWritten(f"{file.name} is larger than {MOST_FILE // 2**20} MiB; begin another file")
    text = data.decode("utf-8")
    return f"{text.rstrip()}\n\n{block}" if text.strip() else block


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Keep other boards from writing to the folder meanwhile."""
    try:
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise NotWritten(f"{file.name}: its folder cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
