"""Train the embedder: a cut-out mark in, a direction out that is near for looks of one mark and far for all others.

`python -m training.embedder --marks CACHE --minutes 40 --out FILE.pt`. Two processes draw samples into a ring of
memory, one learns from it. Loss: cosine softmax with a margin over all marks (CosFace, Wang et al. 2018), other looks
of the same brand left out; cuts of nothing must be far from every mark.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.compose import CROP, Studio
from training.sources import fonts, photos

WIDTH = 128  # numbers in an embedding
SCALE, SPREAD = 24.0, 0.25  # of the cosine softmax
NOTHING = 0.15  # share of samples without a mark
CLEAN = 0.12  # share of samples as they are enrolled
RING = 240_000  # samples kept
FIRST = 40_000  # drawn as fast as can be
FRESH = 0.6  # newly drawn samples for each that is learned from; the others come again, varied


class Embedder(nn.Module):
    """Five strided convolutions and two residual ones; about 17 million multiplications a cut."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(3, 24, 2)
        self.one = nn.Sequential(_conv(24, 48, 2), _Residual(48))
        self.two = nn.Sequential(_conv(48, 96, 2), _Residual(96))
        self.three = _conv(96, 192, 2)
        self.mix = _conv(192, 192, 1, kernel=1)
        self.out = nn.Linear(192 * (CROP[0] // 16) * (CROP[1] // 16), WIDTH)

    def forward(self, cuts: Tensor) -> Tensor:
        """Take cuts N x 3 x 48 x 96 with values 0-255; return unit vectors N x 128."""
        found = self.three(self.two(self.one(self.stem(cuts / 127.5 - 1.0))))
        return functional.normalize(self.out(self.mix(found).flatten(1)), dim=1)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = _conv(width, width, 1)

    def forward(self, found: Tensor) -> Tensor:
        return found + self.conv(found)


def _conv(inside: int, outside: int, stride: int, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


def _fill(
    marks: Path,
    seed: int,
    ring: Path,
    filled: "multiprocessing.sharedctypes.Synchronized[int]",
    wanted: "multiprocessing.sharedctypes.Synchronized[int]",
    classes: int,
) -> None:
    """Draw samples for ever, as many as are wanted."""
    studio = Studio(marks, photos(), fonts(), seed)
    cuts = np.memmap(ring / "cuts", np.uint8, "r+", shape=(RING, CROP[1], CROP[0], 3))
    labels = np.memmap(ring / "labels", np.int32, "r+", shape=(RING,))
    while True:
        if filled.value >= wanted.value:
            time.sleep(0.05)
            continue
        kind = studio.draw.random()
        number = studio.draw.randrange(classes)
        try:
            if kind < NOTHING:
                drawn, label = studio.nothing(), -1
            elif kind < NOTHING + CLEAN:
                drawn, label = [studio.clean(number)], number
            else:
                drawn, label = studio.crops(number), number
        except (ValueError, OSError):  # a sample that came out with no pixels
            continue
        with filled.get_lock():
            start = filled.value
            filled.value += len(drawn)
        for place, cut in enumerate(drawn, start):
            cuts[place % RING], labels[place % RING] = cut, label


def varied(cuts: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return cuts N x H x W x 3 in somewhat other colours, as floats: recoloured, lighter, darker, some reversed."""
    pixels = cuts.astype(np.float32)
    count = len(pixels)
    order = np.where(draw.random((count, 1)) < 0.2, np.argsort(draw.random((count, 3)), axis=1), np.arange(3))
    pixels = np.take_along_axis(pixels, order[:, None, None, :], axis=3)
    reversed_ = draw.random(count) < 0.04
    pixels[reversed_] = 255 - pixels[reversed_]
    gain = draw.uniform(0.75, 1.25, (count, 1, 1, 1)).astype(np.float32)
    lift = draw.uniform(-25, 25, (count, 1, 1, 1)).astype(np.float32)
    return np.clip(pixels * gain + lift, 0, 255)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marks", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ring", type=Path, default=Path("/tmp/ring"))
    parser.add_argument("--drawers", type=int, default=1)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--warm", type=Path, help="weights to go on from")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)
    torch.manual_seed(1)
    studio = Studio(options.marks, photos()[:3], fonts(), 0)
    groups = studio.groups()
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    group = torch.tensor([names[name] for name in groups], device=device)
    options.ring.mkdir(parents=True, exist_ok=True)
    cuts = np.memmap(options.ring / "cuts", np.uint8, "w+", shape=(RING, CROP[1], CROP[0], 3))
    labels = np.memmap(options.ring / "labels", np.int32, "w+", shape=(RING,))
    filled, drawn = multiprocessing.Value("q", 0), multiprocessing.Value("q", FIRST)
    for number in range(options.drawers):
        multiprocessing.Process(
            target=_fill, args=(options.marks, 100 + number, options.ring, filled, drawn, len(groups)), daemon=True
        ).start()
    net = Embedder().to(device, memory_format=torch.channels_last)
    proxies = nn.Parameter(torch.randn(len(groups), WIDTH, device=device) * 0.1)
    if options.warm:
        saved = torch.load(options.warm, map_location=device, weights_only=True)
        net.load_state_dict(saved["net"])
        proxies.data.copy_(saved["proxies"])
    learner = torch.optim.AdamW([{"params": net.parameters(), "weight_decay": 1e-4},
                                 {"params": [proxies], "weight_decay": 0.0, "lr": 4 * options.rate}],
                                lr=options.rate)  # fmt: skip
    highest = [part["lr"] for part in learner.param_groups]
    start, step, draw = time.monotonic(), 0, np.random.default_rng(5)
    while filled.value < 6000:
        time.sleep(1)
    start = time.monotonic()
    while (passed := (time.monotonic() - start) / 60 / options.minutes) < 1:
        rate = min(1.0, (step + 1) / 200) * (0.5 + 0.5 * np.cos(np.pi * passed)) + 0.005
        for part, high in zip(learner.param_groups, highest, strict=True):
            part["lr"] = high * rate
        chosen = draw.integers(0, min(RING, filled.value) - 64, options.batch)
        drawn.value = FIRST + int(FRESH * options.batch * step)
        batch = torch.from_numpy(varied(cuts[chosen], draw).transpose(0, 3, 1, 2)).to(device)
        batch = batch.to(memory_format=torch.channels_last)
        label = torch.from_numpy(labels[chosen].astype(np.int64)).to(device)
        cosine = net(batch) @ functional.normalize(proxies, dim=1).T
        marked = label >= 0
        known, wanted = cosine[marked], label[marked]
        own = functional.one_hot(wanted, len(groups)).bool()
        known = known.masked_fill((group[wanted][:, None] == group[None, :]) & ~own, -1.0)
        loss = functional.cross_entropy(SCALE * (known - SPREAD * own), wanted)
        nothing = cosine[~marked]
        far = functional.softplus(SCALE * (nothing.topk(20, dim=1).values - 0.3)).mean() if len(nothing) else 0.0
        learner.zero_grad()
        (loss + 0.3 * far).backward()
        learner.step()
        step += 1
        if step % 50 == 0:
            right = (known.argmax(1) == wanted).float().mean()
            print(
                f"{passed:.3f} step {step} drawn {filled.value} loss {loss:.3f} nothing {far:.3f} right {right:.3f}",
                flush=True,
            )
        if step % 500 == 0:
            torch.save({"net": net.state_dict(), "proxies": proxies.detach()}, options.out)
    torch.save({"net": net.state_dict(), "proxies": proxies.detach()}, options.out)


if __name__ == "__main__":
    main()
