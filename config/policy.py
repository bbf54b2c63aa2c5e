"""The policy that a configuration names, read and checked together with it: no crawl starts with a broken one."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from detector.policy import KNOWN, POLICY, Policy, PolicyError, read_policy

MOST_BYTES = 2**20  # a policy has some kilobytes


def load_policy(path: Path | None, *, known: Collection[str] = KNOWN) -> Policy:
    """Return the policy of a file, or the newest shipped one for None.

    Args:
        known: the signals that it must weigh; empty for a policy that only replays old verdicts.

    Raises:
        PolicyError: the file cannot be read or is wrong; the message names it and says where.
    """
    if path is None:
        return POLICY
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise PolicyError(f"is larger than {MOST_BYTES} bytes")
        return read_policy(text.decode(), known=known)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path}: is not UTF-8") from error
    except PolicyError as error:
        raise PolicyError(f"{path}: {error}") from error


def _checked(path: Path, info: ValidationInfo) -> Path:
    """Make the path absolute, relative to the file it stands in, and make sure that the policy there can be used."""
    path = Path((info.context or {}).get("base", "")) / path
    load_policy(path)
    return path


PolicyFile = Annotated[Path, AfterValidator(_checked)]
