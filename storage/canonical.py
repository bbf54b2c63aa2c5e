"""Canonical JSON: the one way in which evidence is written, so that equal values have equal bytes and equal hashes."""

import json
from typing import Any


def canonical(value: Any) -> bytes:
    """Write builtins as JSON with sorted keys, without spaces, everything outside ASCII as `\\uXXXX`.

    `json.dumps(value, sort_keys=True, separators=(",", ":"))` of the standard library gives the same.

    Raises:
        ValueError: NaN or an infinity, which JSON does not have.
        TypeError: no builtin.
    """
    return json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":")).encode("ascii")
