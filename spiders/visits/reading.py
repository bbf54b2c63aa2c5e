"""Reading: a page at the end of a journey, in a killable child; one that overruns is read once more, more simply."""

from typing import Any

from safety.sandbox import Sandbox, SandboxError

LANDING = "spiders.pages.landing:read_landing"


def read_page(sandbox: Sandbox, body: bytes, **options: Any) -> dict[str, Any] | None:
    """Return what `read_landing` reads; None where even the linear reader gives up. Called on a worker thread."""
    for linear in (False, True):
        try:
            found: dict[str, Any] = sandbox.call(LANDING, body, linear=linear, **options)
        except SandboxError:
            continue
        return found
    return None
