"""Brand profiles: what the configuration says of the brands, with their pictures read into hashes.

Logos and protected pictures come from the user's disk, but often from the internet before that: they are read
in the sandbox like anything hostile. One that cannot be read is reported and left out; the rest goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from config import Brand, Config, Problem
from config.policy import load_policy
from detector.brands import BrandProfile, Look, Ownership, ReferencePicture, Scope
from detector.images.hash import picture_hash_from_dict
from detector.policy import Policy
from safety.sandbox import Sandbox, SandboxError

_INSPECT = "detector.images.decode:inspect"
_ENROL = "detector.images.enrol:enrol"
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"})
_MOST_BYTES = 15 * 2**20  # as for fetched pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """What the detector protects and how it weighs, and what could not be read."""

    brands: tuple[BrandProfile, ...]
    policy: Policy
    problems: tuple[Problem, ...]


class _Unreadable(Exception):
    """A picture file that gives no hash; the message says why."""


def build_profiles(config: Config, sandbox: Sandbox) -> Profiles:
    """Make a profile of every configured brand; pictures that cannot be read become problems.

    Raises:
        PolicyError: the policy file has changed since the configuration was read, and is wrong now.
    """
    problems: list[Problem] = []
    brands = tuple(_profile(config, brand, sandbox, problems) for brand in config.brand)
    policy = load_policy(config.detector.policy)
    return Profiles(brands=brands, policy=policy, problems=tuple(problems))


def _profile(config: Config, brand: Brand, sandbox: Sandbox, problems: list[Problem]) -> BrandProfile:
    pictures = []
    for key, role, index, path in _named(brand):
        where = f"brand {brand.key}: {key}[{index}]"
        try:
            files = list(_files(path))
        except _Unreadable as error:
            problems.append(Problem(str(config.file), where, f"{path} {error}"))
            continue
        for file in files:
            try:
                pictures.append(_reference(file, role, sandbox))
            except _Unreadable as error:
                problems.append(Problem(str(config.file), where, f"{file} {error}"))
    return BrandProfile(
        key=brand.key,
        name=brand.name,
        aliases=brand.aliases,
        ambiguous=brand.ambiguous,
        exclude=brand.exclude,
        products=brand.products,
        domains=brand.domains,
        accounts=tuple(Scope.parse(f"account:{account}") for account in brand.accounts),
        pictures=tuple(pictures),
        false_claims=brand.false_claims,
        ownership=tuple(
            Ownership(who=entry.who, scope=Scope.parse(entry.scope), until=entry.until, note=entry.note)
            for entry in config.ownership
            if entry.brand == brand.key
        ),
    )


def _named(brand: Brand) -> Iterator[tuple[str, Literal["logo", "picture"], int, Path]]:
    """Yield key, role, index and path of every picture entry of a brand."""
    for index, path in enumerate(brand.logos):
        yield "logos", "logo", index, path
    for index, path in enumerate(brand.pictures):
        yield "pictures", "picture", index, path


def _files(path: Path) -> Iterator[Path]:
    """Yield the file itself, or the pictures of a folder, by name."""
    if not path.is_dir():
        yield path
        return
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES)
    except OSError as error:
        raise _Unreadable(f"cannot be read: {error.strerror}") from error
    if not files:
        raise _Unreadable(f"is a folder without pictures ({', '.join(sorted(_SUFFIXES))})")
    yield from files


def _reference(file: Path, role: Literal["logo", "picture"], sandbox: Sandbox) -> ReferencePicture:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _Unreadable(f"cannot be read: {error.strerror}") from error
    if len(data) > _MOST_BYTES:
        raise _Unreadable(f"is larger than {_MOST_BYTES // 2**20} MiB")
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
