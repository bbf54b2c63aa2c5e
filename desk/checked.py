"""What is wrong with an installation and its configuration, or will misfire: what `config check` and `doctor` find."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from config import Config, Problem
from config.exposed import exposed
from detector.brands import BrandProfile
from detector.lint import lint
from safety.screen import screen
from takedown.catalogue import problems as catalogue_problems

Gravity = Literal["wrong", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing somebody should mend."""

    gravity: Gravity
    about: str  # brand NAME, source NAME, or the key path in the configuration
    where: str  # key and place in it; may be ""
    says: str

    @property
    def line(self) -> str:
        """All of it in a line."""
        return ": ".join(filter(None, (self.about, self.where, self.says)))


def problems(config: Config, unreadable: Sequence[Problem]) -> Iterator[Finding]:
    """Yield what cannot work: entries of channels, secrets that are missing, pictures that cannot be read."""
    for problem in (*catalogue_problems(config), *config.missing_secrets(), *unreadable):
        yield Finding(gravity="wrong", about=problem.path, where="", says=problem.message)


def warnings(config: Config, brands: Sequence[BrandProfile]) -> Iterator[Finding]:
    """Yield what will misfire: names that are met by chance, secrets in addresses."""
    for caution in lint(brands):
        yield Finding(gravity="warning", about=f"brand {caution.brand}", where=caution.where, says=screen(caution.says))
    for source in config.source:
        for field, name in exposed(source):
            says = f"{screen(name)} looks like a secret, and addresses are stored and shown: send it by `headers`"
            says += ', as { Authorization = "env:NAME" }, or by the header that the interface wants'
            yield Finding(gravity="warning", about=f"source {source.key}", where=field, says=says)
