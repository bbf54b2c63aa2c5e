"""Finding: what a signal returns; with the policy's weight it becomes Evidence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from detector.evidence import Where
from detector.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One observation of a signal."""

    strength: float  # 0-1
    observed: str  # as it stood in the item
    expected: str  # what the brand really uses
    where: Where | None = None


Look = Callable[[View], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Signal:
    """A technique: its name in evidence and policy, and the function that looks."""

    name: str
    look: Look

    @property
    def says(self) -> str:
        """The sentence an analyst reads: the first line of the function's docstring."""
        return (self.look.__doc__ or "").partition("\n")[0]
