"""Public methods for the same task, each an `enrol` factory like the method under test.

The hashes see the picture as a whole, as moderation systems do, so their boxes are the whole picture; SIFT with a
shared index and a RANSAC fit is the classical way to find a flat object inside a picture.
"""

from collections import Counter, defaultdict

import cv2
import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.logos.scoring import Enrol, Finding, Method

PICTURE_SIDE = 1280  # pixels; SIFT sees larger pictures scaled down
LOGO_SIDE = 256
FEATURES = 3000  # strongest SIFT points of a picture
RATIO = 0.85  # nearest distance over the nearest one of another logo (Lowe's test, across a shared index)
PIXELS_OFF = 4.0  # RANSAC's tolerance


def on_ground(logo: Image.Image) -> Image.Image:
    """Lay a logo onto white, or onto dark grey if its ink is light."""
    pixels = np.asarray(logo)
    ink = pixels[pixels[:, :, 3] > 128][:, :3]
    ground = Image.new("RGBA", logo.size, (40, 40, 40, 255) if ink.size and ink.mean() > 200 else (255, 255, 255, 255))
    return Image.alpha_composite(ground, logo).convert("RGB")


def phash(logos: dict[str, Image.Image]) -> Method:
    """Compare whole pictures by `imagehash.phash`; the score is the negative number of differing bits."""
    known = {key: imagehash.phash(on_ground(logo)) for key, logo in logos.items()}

    def find(image: Image.Image) -> list[Finding]:
        seen = imagehash.phash(image)
        return [(key, -float(seen - one), (0, 0, *image.size)) for key, one in known.items()]

    return find


def pdq(logos: dict[str, Image.Image]) -> Method:
    """Compare whole pictures by PDQ (256 bits)."""
    import pdqhash  # type: ignore[import-not-found, import-untyped, unused-ignore]

    def bits(image: Image.Image) -> npt.NDArray[np.uint8]:
        return np.asarray(pdqhash.compute(np.asarray(image))[0], dtype=np.uint8)

    known = {key: bits(on_ground(logo)) for key, logo in logos.items()}

    def find(image: Image.Image) -> list[Finding]:
        seen = bits(image)
        return [(key, -float(np.count_nonzero(seen != one)), (0, 0, *image.size)) for key, one in known.items()]

    return find


def crop_resistant(logos: dict[str, Image.Image]) -> Method:
    """Compare segments by `imagehash.crop_resistant_hash`: number of equal segments, then their distance."""
    known = {key: imagehash.crop_resistant_hash(on_ground(logo)) for key, logo in logos.items()}

    def find(image: Image.Image) -> list[Finding]:
        seen = imagehash.crop_resistant_hash(image)
        found: list[Finding] = []
        for key, one in known.items():
            equal, distance = one.hash_diff(seen)
            if equal:
                found.append((key, equal - distance / (1 + 64.0 * equal), (0, 0, *image.size)))
        return found

    return find


def sift(logos: dict[str, Image.Image]) -> Method:
    """Match SIFT points against all logos at once, fit a similarity by RANSAC; the score is the number of inliers."""
    detector = cv2.SIFT.create(nfeatures=FEATURES, contrastThreshold=0.02)
    points: list[tuple[float, float]] = []
    owners: list[str] = []
    rows: list[npt.NDArray[np.float32]] = []
    sizes: dict[str, tuple[int, int]] = {}
    for key, logo in logos.items():
        flat = on_ground(logo)
        flat.thumbnail((LOGO_SIDE, LOGO_SIDE), Image.Resampling.LANCZOS)
        framed = Image.new("RGB", (flat.width + 32, flat.height + 32), flat.getpixel((0, 0)))
        framed.paste(flat, (16, 16))
        sizes[key] = flat.size
        found, described = detector.detectAndCompute(np.asarray(framed.convert("L")), None)
        if described is not None:
            points += [(point.pt[0] - 16, point.pt[1] - 16) for point in found]
            owners += [key] * len(found)
            rows.append(np.asarray(described, dtype=np.float32))
    cv2.setRNGSeed(0)
    index = cv2.FlannBasedMatcher({"algorithm": 1, "trees": 4}, {"checks": 48})
    index.add([np.concatenate(rows)])
    index.train()

    def find(image: Image.Image) -> list[Finding]:
        scale = min(1.0, PICTURE_SIDE / max(image.size))
        grey = image.convert("L").resize((round(image.width * scale), round(image.height * scale)))
        seen, described = detector.detectAndCompute(np.asarray(grey), None)
        if len(seen) < 4:
            return []
        pairs: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for nearest in index.knnMatch(described, k=4):
            first = nearest[0]
            owner = owners[first.trainIdx]
            rival = next((other for other in nearest[1:] if owners[other.trainIdx] != owner), None)
            if rival is None or first.distance < RATIO * rival.distance:
                pairs[owner].append((first.trainIdx, first.queryIdx))
        found: list[Finding] = []
        for key, matched in pairs.items():
            if len(Counter(there for there, _ in matched)) < 3:
                continue
            source = np.array([points[there] for there, _ in matched], dtype=np.float32)
            target = np.array([seen[here].pt for _, here in matched], dtype=np.float32)
            matrix, inliers = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=PIXELS_OFF)
            if not np.any(inliers):
                continue
            width, height = sizes[key]
            corners = np.array([(0, 0, 1), (width, 0, 1), (0, height, 1), (width, height, 1)]) @ matrix.T / scale
            low, high = corners.min(axis=0), corners.max(axis=0)
            # points, not matches: a fit that collapses onto one point of the logo or of the picture counts as one
            kept = np.flatnonzero(inliers.ravel())
            hits = min(len({tuple(ends[place]) for place in kept}) for ends in (source.tolist(), target.tolist()))
            box = int(low[0]), int(low[1]), max(1, int(high[0] - low[0])), max(1, int(high[1] - low[1]))
            found.append((key, float(hits), box))
        return found

    return find


PEERS: dict[str, Enrol] = {
    "whole-picture phash": phash,
    "whole-picture PDQ": pdq,
    "imagehash.crop_resistant_hash": crop_resistant,
    "SIFT, shared index, RANSAC": sift,
}
