"""Write the trained networks as ONNX, and the background that logos are calibrated on.

`python -m training.export --marks CACHE --finder FILE.pt --embedder FILE.pt --out detector/images/models`.
Both are quantised to eight bits (static, per channel, with ranges seen on drawn samples): a quarter of the size, half
of the time or less. Weights keep seven bits: processors without VNNI add products in sixteen and would overflow.
"""

import argparse
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.compose import CROP, Studio
from training.embedder import Embedder
from training.finder import PICTURE, Finder
from training.sources import fonts, photos

PICTURES = 150  # drawn to see the finder's ranges
BACKGROUND = 4000  # cuts that show no protected logo: half other marks, half nothing


class _Samples(CalibrationDataReader):
    def __init__(self, name: str, batches: Iterator[np.ndarray]) -> None:
        self._name, self._batches = name, batches

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}


class Framed(torch.nn.Module):
    """The finder with its scaling of values folded into the first convolution, so that no picture is copied for it.

    Reads N x 3 x (H + 1) x (W + 1), values 0-255, with one row and one column of 127.5 before the picture.
    """

    def __init__(self, finder: Finder) -> None:
        super().__init__()
        self.finder = finder
        first = finder.stem[0][0]
        self.first = torch.nn.Conv2d(3, first.out_channels, 3, 2, 0)
        self.first.weight.data = first.weight.data / 127.5
        self.first.bias.data = -first.weight.data.sum(dim=(1, 2, 3))

    def forward(self, framed: torch.Tensor) -> list[torch.Tensor]:
        rest = self.finder.stem[0][1:]
        return self.finder.levels(self.finder.stem[1](rest(self.first(framed))))


def _framed(picture: np.ndarray) -> np.ndarray:
    framed = np.full((1, 3, PICTURE[1] + 1, PICTURE[0] + 1), 127.5, np.float32)
    framed[0, :, 1:, 1:] = picture.transpose(2, 0, 1)
    return framed


def _drawn(studio: Studio) -> np.ndarray:
    while True:
        try:
            return studio.picture(*PICTURE)[0]
        except (ValueError, OSError):
            continue


def _planes(pictures: list[np.ndarray]) -> np.ndarray:
    return np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32)


def _export(net: torch.nn.Module, sample: torch.Tensor, axes: dict[int, str], path: Path, outputs: list[str]) -> None:
    net.eval()
    dynamic = {
        "input": axes,
        **{name: {0: "n"} if len(outputs) == 1 else {2: f"h{name}", 3: f"w{name}"} for name in outputs},
    }
    torch.onnx.export(net, (sample,), str(path), input_names=["input"], output_names=outputs, dynamic_axes=dynamic,
                      opset_version=17, dynamo=False)  # fmt: skip


def _quantised(plain: Path, out: Path, samples: list[np.ndarray]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready), str(out), _Samples("input", iter(samples)), quant_format=QuantFormat.QDQ, per_channel=True,
            weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8,
            calibrate_method=CalibrationMethod.MinMax, reduce_range=True, extra_options={"ActivationSymmetric": False},
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marks", type=Path, required=True)
    parser.add_argument("--finder", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plain", action="store_true", help="leave both as they are, for comparison")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    studio = Studio(options.marks, photos(), fonts(), 99)
    embedder, finder = Embedder(), Finder()
    embedder.load_state_dict(torch.load(options.embedder, weights_only=True)["net"])
    finder.load_state_dict(torch.load(options.finder, weights_only=True))
    cuts: list[np.ndarray] = []
    while len(cuts) < BACKGROUND:
        try:
            cuts += studio.crops(studio.draw.randrange(studio.classes))[:1] + studio.nothing()[:1]
        except (ValueError, OSError):
            continue
    framed = [_framed(_drawn(studio)) for _ in range(PICTURES)]
    batches = [_planes(cuts[at : at + 16]) for at in range(0, 960, 16)]
    with tempfile.TemporaryDirectory() as folder:
        for net, sample, axes, outputs, seen in (
            (Framed(finder), torch.from_numpy(framed[0]), {2: "h", 3: "w"}, ["fine", "middle", "coarse"], framed),
            (embedder, torch.zeros(2, 3, CROP[1], CROP[0]), {0: "n"}, ["vector"], batches),
        ):
            name = "finder.onnx" if net is not embedder else "embedder.onnx"
            _export(net, sample, axes, Path(folder) / name, outputs)
            if options.plain:
                (options.out / name).write_bytes((Path(folder) / name).read_bytes())
            else:
                _quantised(Path(folder) / name, options.out / name, seen)
    session = onnxruntime.InferenceSession(str(options.out / "embedder.onnx"))
    vectors = np.concatenate(
        [session.run(None, {"input": _planes(cuts[at : at + 50])})[0] for at in range(0, BACKGROUND, 50)]
    )
    np.save(options.out / "background.npy", np.round(vectors * 127).astype(np.int8))
    names = ("background.npy", "embedder.onnx", "finder.onnx")
    sums = [f"{sha256((options.out / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (options.out / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main()
