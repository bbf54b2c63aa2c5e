"""Brand profiles: what the configuration says of the brands, with their pictures read into hashes, pages into words.

Logos, protected pictures and saved pages come from the user's disk, but often from the internet before that: they are
read in the sandbox like anything hostile. One that cannot be read is reported and left out; the rest goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from sqlalchemy.orm import Session

from config import Brand, Config, Problem
from config.policy import load_policy
from detector.brands import BrandProfile, Look, OfficialPage, Ownership, ReferencePicture, Scope
from detector.images.hash import picture_hash_from_dict
from detector.policy import Policy
from safety.sandbox import Sandbox, SandboxError
from storage.known_frauds import with_known_frauds
from storage.register import with_register

_INSPECT = "detector.images.decode:inspect"
_ENROL = "detector.images.enrol:enrol"
_READ = "spiders.pages.official:read_official"  # runs in the child; nothing of it is imported here
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"})
_PAGES = frozenset({".html", ".htm", ".txt"})
_MOST_BYTES = 15 * 2**20  # as for fetched pictures
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """What the detector protects and how it weighs, and what could not be read."""

    brands: tuple[BrandProfile, ...]
    policy: Policy
    problems: tuple[Problem, ...]


class _Unreadable(Exception):
    """A file that gives nothing to compare with; the message says why."""


def build_profiles(config: Config, sandbox: Sandbox) -> Profiles:
    """Make a profile of every configured brand; pictures that cannot be read become problems.

    Raises:
        PolicyError: the policy file has changed since the configuration was read, and is wrong now.
    """
    problems: list[Problem] = []
    brands = tuple(_profile(config, brand, sandbox, problems) for brand in config.brand)
    policy = load_policy(config.detector.policy)
    return Profiles(brands=brands, policy=policy, problems=tuple(problems))


def with_what_was_judged(brands: Sequence[BrandProfile], session: Session) -> tuple[BrandProfile, ...]:
    """Add to each brand what people's judgements say of it: who may use it after all, and pictures of known frauds."""
    return with_known_frauds(with_register(brands, session), session)


def _profile(config: Config, brand: Brand, sandbox: Sandbox, problems: list[Problem]) -> BrandProfile:
    def read(key: str, paths: Sequence[Path], suffixes: frozenset[str], one: Callable[[Path], _T]) -> list[_T]:
        found = []
        for index, path in enumerate(paths):
            where = f"brand {brand.key}: {key}[{index}]"
            try:
                files = list(_files(path, suffixes))
            except _Unreadable as error:
                problems.append(Problem(str(config.file), where, f"{path} {error}"))
                continue
            for file in files:
                try:
                    found.append(one(file))
                except _Unreadable as error:
                    problems.append(Problem(str(config.file), where, f"{file} {error}"))
        return found

    logos = read("logos", brand.logos, _PICTURES, lambda file: _reference(file, "logo", sandbox))
    pictures = read("pictures", brand.pictures, _PICTURES, lambda file: _reference(file, "picture", sandbox))
    pages = read("pages", brand.pages, _PAGES, lambda file: _official(file, sandbox))
    return replace(bare_profile(config, brand), pictures=(*logos, *pictures), pages=tuple(pages))


def wordy_profiles(config: Config, brands: Sequence[Brand]) -> tuple[BrandProfile, ...]:
    """Return what is known of brands but for pictures: what says whose a host, an account or a number is.

    A saved page that cannot be read is left out; `build_profiles` tells of it.
    """
    if not any(brand.pages for brand in brands):
        return tuple(bare_profile(config, brand) for brand in brands)
    with Sandbox(workers=1) as sandbox:
        return tuple(
            replace(bare_profile(config, brand), pages=tuple(_readable(brand.pages, sandbox))) for brand in brands
        )


def _readable(paths: Sequence[Path], sandbox: Sandbox) -> Iterator[OfficialPage]:
    for path in paths:
        try:
            files = list(_files(path, _PAGES))
        except _Unreadable:
            continue
        for file in files:
            with suppress(_Unreadable):
                yield _official(file, sandbox)


def bare_profile(config: Config, brand: Brand) -> BrandProfile:
    """Return what the configuration alone says of a brand: no picture and no saved page is read."""
    return BrandProfile(
        key=brand.key,
        name=brand.name,
        aliases=brand.aliases,
        ambiguous=brand.ambiguous,
        exclude=brand.exclude,
        products=brand.products,
        domains=brand.domains,
        accounts=tuple(Scope.parse(f"account:{account}") for account in brand.accounts),
        false_claims=brand.false_claims,
        ownership=tuple(
            Ownership(who=entry.who, scope=Scope.parse(entry.scope), until=entry.until, note=entry.note)
            for entry in config.ownership
            if entry.brand == brand.key
        ),
    )


def _files(path: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    """Yield the file itself, or those of a folder that have one of the suffixes, by name."""
    if not path.is_dir():
        yield path
        return
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
    except OSError as error:
        raise _Unreadable(f"cannot be read: {error.strerror}") from error
    if not files:
        what = "pages" if suffixes is _PAGES else "pictures"
        raise _Unreadable(f"is a folder without {what} ({', '.join(sorted(suffixes))})")
    yield from files


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _Unreadable(f"cannot be read: {error.strerror}") from error
    if len(data) > _MOST_BYTES:
        raise _Unreadable(f"is larger than {_MOST_BYTES // 2**20} MiB")
    return data


def _official(file: Path, sandbox: Sandbox) -> OfficialPage:
    try:
        text = sandbox.call(_READ, _bytes(file), html=file.suffix.lower() != ".txt")
    except SandboxError as error:
        raise _Unreadable(f"is no page that can be used: {error}") from error
    if not text:
        raise _Unreadable("has no words; save the page as a browser shows it")
    return OfficialPage(name=file.name, text=text)


def _reference(file: Path, role: Literal["logo", "picture"], sandbox: Sandbox) -> ReferencePicture:
    data = _bytes(file)
    try:
        svg = file.suffix.lower() == ".svg"
        seen = sandbox.call(_INSPECT, data, svg=svg, marks=False)
        looks = sandbox.call(_ENROL, data, svg=svg) if role == "logo" else []
    except SandboxError as error:
        raise _Unreadable(f"is no picture that can be used: {error}") from error
    return ReferencePicture(
        name=file.name,
        role=role,
        hash=picture_hash_from_dict(seen["hash"]),
        looks=msgspec.convert(looks, tuple[Look, ...]),
    )
