"""Train the finder: a picture in, boxes of everything that could be a mark out.

`python -m training.finder --marks CACHE --minutes 40 --out FILE.pt`. A small fully convolutional network with three
scales, in the manner of FCOS (Tian et al. 2019): each place says how likely a mark is centred there, and how far its
four sides are. Words may be taken for marks or not (wordmarks are words), so they count neither way.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.compose import Box, Studio
from training.sources import fonts, photos

PICTURE = (480, 320)  # width, height that it learns on
STRIDES = (8, 16, 32)
# The longer side of a box, pixels, that each scale is for.
REACH = ((0, 72), (56, 176), (136, 10_000))
CENTRE = 0.30  # of a box, around its middle, whose places stand for it
MOST = 24  # boxes of a picture, of each kind
RING = 6_000
FRESH = 0.6  # newly drawn pictures for each that is learned from; the others come again, varied
LEAST_SIDE = 8


class Finder(nn.Module):
    """About 0.6 billion multiplications for 1200 x 628 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 12, 2), _conv(12, 20, 2))
        self.eight = nn.Sequential(_conv(20, 48, 2), _Light(48), _Light(48))
        self.sixteen = nn.Sequential(_conv(48, 96, 2), _Light(96), _Light(96), _Light(96))
        self.thirty = nn.Sequential(_conv(96, 128, 2), _Light(128), _Light(128), _Light(128))
        self.sides = nn.ModuleList(nn.Conv2d(width, 48, 1) for width in (48, 96, 128))
        self.heads = nn.ModuleList(nn.Sequential(_Light(48), _Light(48), nn.Conv2d(48, 5, 1)) for _ in STRIDES)
        for head in self.heads:
            head[2].bias.data[0] = -4.0

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Take pictures N x 3 x H x W, sides divisible by 32, values 0-255.

        Return for each scale N x 5 x H/s x W/s: log-odds of a mark, then the distances to left, top, right and bottom
        in logarithms of strides.
        """
        return self.levels(self.stem(picture / 127.5 - 1.0))

    def levels(self, stem: Tensor) -> list[Tensor]:
        """Go on from the stem."""
        eight = self.eight(stem)
        sixteen = self.sixteen(eight)
        thirty = self.thirty(sixteen)
        top = self.sides[2](thirty)
        middle = self.sides[1](sixteen) + functional.interpolate(top, scale_factor=2.0, mode="nearest")
        fine = self.sides[0](eight) + functional.interpolate(middle, scale_factor=2.0, mode="nearest")
        return [head(level) for head, level in zip(self.heads, (fine, middle, top), strict=True)]


class _Light(nn.Module):
    """A depthwise 5 x 5 and a pointwise convolution, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.deep = nn.Sequential(nn.Conv2d(width, width, 5, 1, 2, groups=width, bias=False), nn.BatchNorm2d(width))
        self.point = nn.Sequential(nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())

    def forward(self, found: Tensor) -> Tensor:
        return found + self.point(self.deep(found))


def _conv(inside: int, outside: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU())


def targets(boxes: np.ndarray, words: np.ndarray, stride: int, reach: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return what each place of a scale should say (1 a mark, 0 none, -1 either), and its distances in log strides."""
    width, height = PICTURE[0] // stride, PICTURE[1] // stride
    wanted = np.zeros((height, width), np.float32)
    sides = np.zeros((4, height, width), np.float32)
    xs = (np.arange(width) + 0.5) * stride
    ys = (np.arange(height) + 0.5) * stride
    for left, top, right, bottom in words:
        inside = ((xs >= left) & (xs <= right))[None, :] & ((ys >= top) & (ys <= bottom))[:, None]
        wanted[inside] = -1
    order = np.argsort([-(box[2] - box[0]) * (box[3] - box[1]) for box in boxes]) if len(boxes) else []
    for left, top, right, bottom in (boxes[place] for place in order):
        longer = max(right - left, bottom - top)
        middle = ((left + right) / 2, (top + bottom) / 2)
        near = (max(CENTRE * (right - left) / 2, stride * 0.51), max(CENTRE * (bottom - top) / 2, stride * 0.51))
        inside = (np.abs(xs - middle[0]) <= near[0])[None, :] & (np.abs(ys - middle[1]) <= near[1])[:, None]
        if not reach[0] <= longer < reach[1]:
            wanted[inside] = -1  # another scale's business
            continue
        wanted[inside] = 1
        grid_x, grid_y = np.broadcast_to(xs[None, :], (height, width)), np.broadcast_to(ys[:, None], (height, width))
        distances = np.stack([grid_x - left, grid_y - top, right - grid_x, bottom - grid_y])
        sides[:, inside] = np.log(np.maximum(distances[:, inside], 1.0) / stride)
    return wanted, sides


def _fill(
    marks: Path,
    seed: int,
    ring: Path,
    filled: "multiprocessing.sharedctypes.Synchronized[int]",
    wanted: "multiprocessing.sharedctypes.Synchronized[int]",
) -> None:
    studio = Studio(marks, photos(), fonts(), seed)
    pictures, boxes, words = _ring(ring, "r+")
    while True:
        if filled.value >= wanted.value:
            time.sleep(0.05)
            continue
        try:
            drawn, marked, written = studio.picture(*PICTURE)
        except (ValueError, OSError):
            continue
        with filled.get_lock():
            place = filled.value % RING
            filled.value += 1
        pictures[place], boxes[place], words[place] = drawn, _padded(marked), _padded(written)


def _ring(folder: Path, mode: str) -> tuple[np.memmap, np.memmap, np.memmap]:
    return (
        np.memmap(folder / "pictures", np.uint8, mode, shape=(RING, PICTURE[1], PICTURE[0], 3)),
        np.memmap(folder / "boxes", np.float32, mode, shape=(RING, MOST, 4)),
        np.memmap(folder / "words", np.float32, mode, shape=(RING, MOST, 4)),
    )


def _padded(boxes: list[Box]) -> np.ndarray:
    out = np.zeros((MOST, 4), np.float32)
    for place, box in enumerate(boxes[:MOST]):
        out[place] = box
    return out


def varied(
    picture: np.ndarray, boxes: np.ndarray, words: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a picture in other colours, some mirrored: a finder knows no mark, so a mirrored one is one, too."""
    pixels = picture.astype(np.float32)
    if draw.random() < 0.5:
        pixels = pixels[:, ::-1]
        boxes, words = (_mirrored(one) for one in (boxes, words))
    if draw.random() < 0.3:
        pixels = pixels[:, :, draw.permutation(3)]
    if draw.random() < 0.1:
        pixels = 255 - pixels
    gain, lift = draw.uniform(0.8, 1.2), draw.uniform(-20, 20)
    return np.clip(pixels * np.float32(gain) + np.float32(lift), 0, 255), boxes, words


def _mirrored(boxes: np.ndarray) -> np.ndarray:
    if not len(boxes):
        return boxes
    return np.stack([PICTURE[0] - boxes[:, 2], boxes[:, 1], PICTURE[0] - boxes[:, 0], boxes[:, 3]], axis=1)


def loss_of(found: list[Tensor], wanted: list[Tensor], sides: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return focal loss of the places and generalised overlap loss of the boxes."""
    place_loss, box_loss, count = torch.zeros(()), torch.zeros(()), 0
    for level, want, distance in zip(found, wanted, sides, strict=True):
        odds = level[:, 0]
        chance = odds.sigmoid()
        right = torch.where(want > 0, chance, 1 - chance)
        weight = torch.where(want > 0, 0.4, 0.6) * (1 - right) ** 2
        each = functional.binary_cross_entropy_with_logits(odds, want.clamp(min=0), reduction="none") * weight
        place_loss = place_loss + each[want >= 0].sum()
        here = want > 0
        if here.any():
            ours = level[:, 1:].permute(0, 2, 3, 1)[here].clamp(-3, 5).exp()
            theirs = distance.permute(0, 2, 3, 1)[here].exp()
            box_loss = box_loss + (1 - _overlap(ours, theirs)).sum()
            count += int(here.sum())
    return place_loss / max(1, count), box_loss / max(1, count)


def _overlap(one: Tensor, other: Tensor) -> Tensor:
    """Return generalised intersection over union of boxes given by distances around one point (Rezatofighi 2019)."""
    least, most = torch.minimum(one, other), torch.maximum(one, other)
    shared = (least[:, 0] + least[:, 2]) * (least[:, 1] + least[:, 3])
    area = (
        (one[:, 0] + one[:, 2]) * (one[:, 1] + one[:, 3])
        + (other[:, 0] + other[:, 2]) * (other[:, 1] + other[:, 3])
        - shared
    )
    around = (most[:, 0] + most[:, 2]) * (most[:, 1] + most[:, 3])
    return shared / area - (around - area) / around


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marks", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ring", type=Path, default=Path("/tmp/ring-pictures"))
    parser.add_argument("--drawers", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--warm", type=Path, help="weights to go on from")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    options.ring.mkdir(parents=True, exist_ok=True)
    pictures, boxes, words = _ring(options.ring, "w+")
    filled, drawn = multiprocessing.Value("q", 0), multiprocessing.Value("q", RING)
    for number in range(options.drawers):
        multiprocessing.Process(
            target=_fill, args=(options.marks, 500 + number, options.ring, filled, drawn), daemon=True
        ).start()
    net = Finder().to(memory_format=torch.channels_last)  # twice as fast on processors
    if options.warm:
        net.load_state_dict(torch.load(options.warm, weights_only=True))
    learner = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=1e-4)
    while filled.value < 300:
        time.sleep(1)
    start, step, draw = time.monotonic(), 0, np.random.default_rng(5)
    while (passed := (time.monotonic() - start) / 60 / options.minutes) < 1:
        for part in learner.param_groups:
            part["lr"] = options.rate * (min(1.0, (step + 1) / 200) * (0.5 + 0.5 * np.cos(np.pi * passed)) + 0.005)
        chosen = draw.integers(0, min(RING, filled.value) - 4, options.batch)
        drawn.value = RING + int(FRESH * options.batch * step)
        seen = [varied(pictures[place], _there(boxes[place]), _there(words[place]), draw) for place in chosen]
        batch = torch.from_numpy(np.stack([one[0] for one in seen]).transpose(0, 3, 1, 2))
        batch = batch.to(memory_format=torch.channels_last)
        made = [[targets(marked, written, stride, reach) for _, marked, written in seen]
                for stride, reach in zip(STRIDES, REACH, strict=True)]  # fmt: skip
        wanted = [torch.from_numpy(np.stack([one[0] for one in level])) for level in made]
        sides = [torch.from_numpy(np.stack([one[1] for one in level])) for level in made]
        places, around = loss_of(net(batch), wanted, sides)
        learner.zero_grad()
        (places + around).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        learner.step()
        step += 1
        if step % 50 == 0:
            print(f"{passed:.3f} step {step} drawn {filled.value} places {places:.3f} boxes {around:.3f}", flush=True)
        if step % 300 == 0:
            torch.save(net.state_dict(), options.out)
    torch.save(net.state_dict(), options.out)


def _there(boxes: np.ndarray) -> np.ndarray:
    """Return the boxes of a row that are there and large enough."""
    size = boxes[:, 2:] - boxes[:, :2]
    return np.array(boxes[size.min(axis=1) >= LEAST_SIDE])


if __name__ == "__main__":
    main()
