"""How near strangers come: the cosines that a vector reaches with cuts of pictures without protected logos.

A cosine says little by itself: a plain disc is near to half of all marks, an odd emblem to none. Each side of a
comparison is measured against the same strangers (adaptive symmetric score normalisation, as in speaker verification:
Matejka et al. 2017), and the cosine of the two counts by how far it stands out for both.
"""

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray

from detector.images.networks import load

# Share of the strangers that are compared: the nearest. Origin: 140 drawn pictures with one of 100 logos that training
# never saw and 140 without; between 1 and 5 % it makes no difference.
NEAREST: float = 0.025
# Added to their standard deviation: few strangers near an odd mark would make it look surer than it is. Same origin;
# between 0.02 and 0.05 it makes no difference, without it a tenth of the gain is lost.
FLOOR: float = 0.03


def strangers(vectors: NDArray[np.float32], *, every: int = 1) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and spread of the cosines with the nearest strangers.

    Args:
        vectors: unit vectors, N x 128.
        every: use only every so many-th stranger, for speed.
    """
    known = _background()[::every]
    most = max(2, round(NEAREST * len(known)))
    nearest = np.partition(vectors @ known.T, -most, axis=1)[:, -most:]
    return nearest.mean(axis=1), nearest.std(axis=1) + np.float32(FLOOR)


def highest(vector: NDArray[np.float32], count: int) -> float:
    """Return the mean of the highest cosines of one unit vector."""
    return float(np.sort(_background() @ vector)[-count:].mean())


@cache
def _background() -> NDArray[np.float32]:
    """Return the vectors of cuts without a protected logo, N x 128: other marks and nothing in turn."""
    rows = np.load(io.BytesIO(load("background.npy")), allow_pickle=False).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), dtype=np.float32)
