"""What leaves by `mekiki share`: cases read by a profile, files that appear whole, and a row of custody for each."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import IO

from config.sharing import Sharing
from console.app import App, Stop
from console.appearing import appearing
from storage.case_list import list_cases, place_of
from storage.custody import append
from storage.errors import CaseNotFound
from storage.fraud_hosts import fraud_cases
from storage.profiles import bare_profile, wordy_profiles
from storage.register import with_register
from storage.views import CaseFilters
from takedown.errors import TakedownError
from takedown.sharing.errors import NotShareable
from takedown.sharing.feed import Form, Made, entries_of, feed, head, unchanged, write
from takedown.sharing.fences import Fences
from takedown.sharing.profile import sharer
from takedown.sharing.select import Shared, select
from takedown.story import Story, tell_story

SHARE = "share"  # action in the custody chain
PAGE = 500  # cases of a list read at once
Told = Callable[[str], None]  # takes a line about a case that does not leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Who shares what, for the record."""

    profile: Sharing
    form: str
    who: str
    at: datetime


def chosen(app: App, profile: Sharing, brand: str | None, now: datetime) -> Iterator[int]:
    """Yield the cases that a profile shares, by number."""
    filters = CaseFilters(states=tuple(profile.states), brand=brand)
    place = None
    with app.snapshot() as session:
        while page := list_cases(session, filters, order="age", after=place, limit=PAGE, now=now):
            yield from (case.id for case in page)
            place = place_of(page[-1], "age")
            session.expunge_all()


def stories(app: App, case_ids: Sequence[int] | Iterator[int], now: datetime, refused: Told) -> Iterator[Story]:
    """Yield all that is known of cases, one after another; a case that is not there is told of."""
    profiles = wordy_profiles(app.config, app.config.brand)
    for case_id in case_ids:
        try:
            with app.snapshot() as session:
                yield tell_story(session, app.config, case_id, now=now, profiles=profiles)
        except (CaseNotFound, TakedownError) as error:
            refused(str(error))


def leaving(app: App, told: Iterator[Story], profile: Sharing, refused: Told) -> Iterator[Shared]:
    """Yield what leaves of each case; one that does not is told of."""
    for story in told:
        try:
            yield select(story, profile, sharer(app.config, profile, story.brand))
        except NotShareable as error:
            refused(str(error))


def hand_out(
    app: App,
    out: Path,
    leaves: Leaving,
    make: Callable[[IO[str]], list[int]],
    *,
    bom: bool = False,
    force: bool = False,
) -> list[int]:
    """Write what leaves to a file (`-`: standard output) and record it in the custody chain; return which cases.

    Args:
        app: the installation.
        out: where to.
        leaves: for the record.
        make: writes it, and returns the numbers of the cases; none of them, and nothing leaves.
        bom: begin with the mark by which Excel knows UTF-8.
        force: write over a file.

    Raises:
        Stop: the file is there already, or cannot be written.
    """
    if str(out) == "-":
        with TemporaryDirectory(prefix="mekiki-") as folder:
            aside = Path(folder) / "out"
            cases = _made(aside, make, bom=bom)
            if cases:
                _record(app, leaves, cases, aside)
                sys.stdout.flush()
                with aside.open("rb") as written:
                    copyfileobj(written, sys.stdout.buffer)
        return cases
    if out.exists() and not force:
        raise Stop(f"{out}: is there already; --force writes over it")
    with TemporaryDirectory(dir=_folder(out), prefix=".mekiki-") as folder:
        whole = Path(folder) / "out"
        cases = _made(whole, make, bom=bom)
        if cases:
            with appearing(out, force=force) as aside:
                whole.replace(aside)
                _record(app, leaves, cases, aside)
    return cases


def _folder(out: Path) -> Path:
    if not out.absolute().parent.is_dir():
        raise Stop(f"{out}: cannot be written: No such file or directory")
    return out.absolute().parent


def _made(path: Path, make: Callable[[IO[str]], list[int]], *, bom: bool) -> list[int]:
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        return make(file)


def _record(app: App, leaves: Leaving, cases: Sequence[int], file: Path) -> None:
    with file.open("rb") as written:
        digest = file_digest(written, "sha256").hexdigest()
    with app.transaction() as session:
        append(
            session,
            at=leaves.at,
            who=leaves.who,
            action=SHARE,
            subject=f"{leaves.form} for {leaves.profile.key}",
            data={
                "cases": list(cases),
                "profile": leaves.profile.key,
                "include": list(leaves.profile.include),
                "tlp": leaves.profile.tlp,
                "sha256": digest,
            },
        )


def write_feed(
    app: App, form: Form, profile: Sharing, *, brand: str | None, out: Path, now: datetime
) -> tuple[Made, bool]:
    """Write a list of fraud hosts (`-`: standard output); return it, and whether the file had to be written.

    The file keeps its mode: who reads it, a resolver, is often somebody else.
    """
    with feed(form) as entries:
        with app.snapshot() as session:
            profiles = with_register([bare_profile(app.config, one) for one in app.config.brand], session)
            fences = Fences(profiles, profile.never, now.date())
            cases = fraud_cases(session, profile.states, brand=brand)
            made = entries.fill(entries_of(cases, form, profile, fences, now=now))
        heading = head(made, profile, version=version("mekiki"), now=now)
        if str(out) == "-":
            write(sys.stdout, heading, entries.lines())
            return made, True
        if unchanged(out, made):
            return made, False
        with appearing(out, force=True) as aside:
            if out.exists():
                aside.chmod(out.stat().st_mode & 0o777)
            with aside.open("w", encoding="ascii", newline="\n") as file:
                write(file, heading, entries.lines())
        return made, True
