"""Enrolling, tried: what a logo file would be known by, and where it would have been found in the stored pictures.

1. The file is read in the sandbox (`desk.logo_file`): its looks, a copy of its pixels.
2. `detector.lint` says whether it is too plain.
3. The latest stored pictures, as long as there is time: their marks were kept, so that looking is arithmetic.
4. The cases that those pictures stand in, what people decided of them among it.

Nothing is written.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import Session

from detector.brands import BrandProfile, Look, ReferencePicture
from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.images.logos import LogoIndex
from detector.images.marks import Mark
from detector.images.networks import version
from detector.lint import lint
from safety.sandbox import Sandbox, SandboxError
from storage.batches import batched
from storage.columns import AnyText
from storage.schema import Case, CaseItem, Picture, VersionPicture

MOST_BYTES = 5 * 2**20
MOST_LOOKED_AT = 20_000  # pictures, the latest
MOST_FOUND = 500  # of which cases are looked up
MOST_CASES = 5  # of one picture
PART = 200  # pictures read at once

Box = tuple[int, int, int, int]


class NoLogo(Exception):
    """A file that cannot be enrolled; the message says why, in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A logo file, as it would be enrolled."""

    name: str
    format: str
    width: int
    height: int
    looks: tuple[Look, ...]
    hash: PictureHash
    copy: bytes  # PNG of its pixels alone
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InCase:
    """A case that a picture stands in."""

    id: int
    brand: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A stored picture in which the logo would have been found."""

    sha256: str
    width: int
    height: int
    look: str
    score: float
    box: Box
    cases: tuple[InCase, ...]

    @property
    def dismissed(self) -> bool:
        """Tell whether people dismissed it wherever it stands."""
        return bool(self.cases) and all(case.state == "dismissed" for case in self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found, and how much was looked at."""

    found: tuple[Found, ...]  # the surest first
    looked_at: int
    others: int  # of them, pictures whose marks other networks made, or nobody: they cannot be compared
    of: int  # stored pictures that could be read

    @property
    def false_alarms(self) -> tuple[Found, ...]:
        """What people dismissed."""
        return tuple(one for one in self.found if one.dismissed)

    @property
    def rest(self) -> tuple[Found, ...]:
        """All but that."""
        return tuple(one for one in self.found if not one.dismissed)


def tried(data: bytes, name: str, sandbox: Sandbox) -> Tried:
    """Read a logo file as enrolling it would.

    Raises:
        NoLogo: it cannot be enrolled.
    """
    if len(data) > MOST_BYTES:
        raise NoLogo(f"the file has {len(data):,} bytes; a logo has at most {MOST_BYTES // 2**20} MiB")
    try:
        read = sandbox.call("desk.logo_file:read_logo", data)
    except SandboxError as error:
        raise NoLogo(f"the file cannot be enrolled: {error}") from error
    looks = msgspec.convert(read["looks"], tuple[Look, ...])
    hashed = picture_hash_from_dict(read["hash"])
    profile = _profile(name, hashed, looks)
    return Tried(
        name=name,
        format=read["format"],
        width=read["width"],
        height=read["height"],
        looks=looks,
        hash=hashed,
        copy=read["copy"],
        warnings=tuple(one.says for one in lint([profile]) if one.where == "logos"),
    )


def search(session: Session, logo: Tried, *, goes_on: Callable[[], bool]) -> Search:
    """Look for a logo in the latest stored pictures.

    Args:
        session: of `storage.database.snapshot`.
        logo: as it was read.
        goes_on: tells whether there is time left.
    """
    index = LogoIndex([_profile(logo.name, logo.hash, logo.looks)])
    ours = version()
    hits: dict[str, tuple[_Seen, str, float, Box]] = {}
    looked_at = others = 0
    readable = Picture.hash.is_not(None)
    query = (
        select(Picture.sha256, type_coerce(Picture.hash, AnyText))
        .where(readable)
        .order_by(Picture.saved_at.desc(), Picture.sha256.desc())
        .limit(MOST_LOOKED_AT)
    )
    for sha256, text in session.execute(query.execution_options(yield_per=PART)):
        if looked_at % 50 == 0 and not goes_on():
            break
        looked_at += 1
        seen = _seen(text)
        if seen is None or seen.eye != ours:
            others += 1
            continue
        for _, hit in index.find(seen.marks)[:1]:
            hits[sha256] = (seen, hit.look, hit.score, hit.box)
    best = sorted(hits, key=lambda one: -hits[one][2])
    cases = _cases(session, best[:MOST_FOUND])
    return Search(
        found=tuple(
            Found(
                sha256=sha256,
                width=hits[sha256][0].width,
                height=hits[sha256][0].height,
                look=hits[sha256][1],
                score=hits[sha256][2],
                box=hits[sha256][3],
                cases=tuple(cases[sha256][:MOST_CASES]),
            )
            for sha256 in best
        ),
        looked_at=looked_at,
        others=others,
        of=session.scalar(select(func.count()).select_from(Picture).where(readable)) or 0,
    )


def _profile(name: str, hashed: PictureHash, looks: Sequence[Look]) -> BrandProfile:
    picture = ReferencePicture(name=name, role="logo", hash=hashed, looks=tuple(looks))
    return BrandProfile(key="tried", name="tried", pictures=(picture,))


def _seen(text: str) -> "_Seen | None":
    try:
        return _read.decode(text)
    except (UnicodeEncodeError, msgspec.MsgspecError):  # unpaired surrogates in what was read in the picture
        return None


def _cases(session: Session, pictures: Sequence[str]) -> dict[str, list[InCase]]:
    found: defaultdict[str, list[InCase]] = defaultdict(list)
    for some in batched(pictures):
        query = (
            select(VersionPicture.sha256, Case.id, Case.brand, Case.state)
            .join(CaseItem, CaseItem.version_id == VersionPicture.version_id)
            .join(Case, Case.id == CaseItem.case_id)
            .where(VersionPicture.sha256.in_(some))
            .distinct()
            .order_by(VersionPicture.sha256, Case.id)
        )
        for sha256, case_id, brand, state in session.execute(query):
            found[sha256].append(InCase(id=case_id, brand=brand, state=state))
    return found


class _Seen(msgspec.Struct):
    """What looking needs of a picture's hash; reading all of it takes ten times as long."""

    width: int
    height: int
    marks: list[Mark] = []
    eye: str = ""


_read = msgspec.json.Decoder(_Seen)
