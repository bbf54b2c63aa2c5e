"""Networks: the files of `models/`, loaded once, and never when they are not what was shipped.

What a network makes of a picture can be compared only with what the same network made; `version` names it.
"""

from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING

from detector.images.errors import NetworksDamaged

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_SUMS = "SHA256SUMS"  # one line a file, as `sha256sum` writes it


@cache
def version() -> str:
    """Name the networks: eight hex digits of the checksum of their checksums."""
    return sha256(_read(_SUMS)).hexdigest()[:8]


def check() -> None:
    """Read every file of the networks.

    Raises:
        NetworksDamaged: one is missing or changed; the message names it.
    """
    for line in _read(_SUMS).decode().splitlines():
        load(line.partition("  ")[2])


def load(name: str) -> bytes:
    """Return the bytes of a file of `models/`.

    Raises:
        NetworksDamaged: it is missing or changed.
    """
    data = _read(name)
    if f"{sha256(data).hexdigest()}  {name}" not in _read(_SUMS).decode().splitlines():
        raise NetworksDamaged(f"detector/images/models/{name} is not as it was shipped: install mekiki again")
    return data


@cache
def session(name: str) -> "InferenceSession":
    """Return a network, ready to run on one thread.

    Raises:
        NetworksDamaged: its file is missing or changed.
    """
    # Loaded where pictures are read, not wherever verdicts are made.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(load(f"{name}.onnx"), options, providers=["CPUExecutionProvider"])


def _read(name: str) -> bytes:
    try:
        return resources.files("detector").joinpath(f"images/models/{name}").read_bytes()
    except OSError as error:
        raise NetworksDamaged(f"detector/images/models/{name} is missing: install mekiki again") from error
