"""Turn the shipped networks back into weights that training can go on from.

`python -m training.restore --models detector/images/models --marks CACHE --out FOLDER` writes `finder.pt` and
`embedder.pt` for `--warm`. In the shipped files each normalisation is folded into its convolution, and the embedder has
eight bits; the normalisations are set anew to what drawn pictures give, so that a network starts as good as it was.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from training.compose import Studio
from training.embedder import Embedder
from training.finder import PICTURE, Finder
from training.sources import fonts, photos

PICTURES, CUTS = 160, 2_000  # drawn to set the normalisations
FIRST = "stem.0.0"  # the finder's first convolution, shipped under the name `first` with its scaling folded in


def weights(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return weight and bias of each convolution and matrix of a network, by the path of its module."""
    graph = onnx.load(str(path)).graph
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    whole = {node.output[0]: _dequantised(node, values) for node in graph.node if node.op_type == "DequantizeLinear"}
    found = {}
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            weight, bias = (values[name] if name in values else whole[name] for name in node.input[1:3])
            found[_module(node.name)] = (np.array(weight, np.float32), np.array(bias, np.float32))
    return found


def _dequantised(node: onnx.NodeProto, values: dict[str, np.ndarray]) -> np.ndarray | None:
    number, scale = values.get(node.input[0]), values[node.input[1]]
    if number is None:
        return None  # an activation
    return number.astype(np.float32) * scale.reshape(-1, *[1] * (number.ndim - 1)) if scale.ndim else number * scale


def _module(name: str) -> str:
    """`/eight/eight.1/deep/deep.0/Conv` is the module `eight.1.deep.0`."""
    path: list[str] = []
    for part in name.strip("/").split("/")[:-1]:
        if path and part.startswith(path[-1] + "."):
            path.pop()
        path.append(part)
    return ".".join(path).replace("first", FIRST)


def fill(net: nn.Module, found: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Put weights into a network; a bias goes into the normalisation behind a convolution that has none."""
    for name, (weight, bias) in found.items():
        layer = net.get_submodule(name)
        layer.weight.data.copy_(torch.from_numpy(weight).reshape(layer.weight.shape))
        if layer.bias is not None:
            layer.bias.data.copy_(torch.from_numpy(bias))
            continue
        norm = net.get_submodule(_next(name))
        norm.weight.data.fill_(float((1 + norm.eps) ** 0.5))
        norm.bias.data.copy_(torch.from_numpy(bias))
        norm.running_mean.zero_()
        norm.running_var.fill_(1)


def _next(name: str) -> str:
    parent, _, place = name.rpartition(".")
    return f"{parent}.{int(place) + 1}"


def normalise(net: nn.Module, batches: Iterator[Tensor]) -> None:
    """Set each normalisation to what its channels give, and its scale so that the network says the same as before."""
    sums: dict[nn.BatchNorm2d, list[Tensor]] = {}

    def see(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        seen = inputs[0]
        count = torch.tensor(float(seen.numel() / seen.shape[1]))
        parts = [count, seen.sum((0, 2, 3)).double(), (seen**2).sum((0, 2, 3)).double()]
        sums[norm] = [old + new for old, new in zip(sums[norm], parts, strict=True)] if norm in sums else parts

    hooks = [one.register_forward_hook(see) for one in net.modules() if isinstance(one, nn.BatchNorm2d)]
    net.eval()
    with torch.no_grad():
        for batch in batches:
            net(batch)
    for hook in hooks:
        hook.remove()
    for norm, (count, total, squares) in sums.items():
        mean = (total / count).float()
        spread = (squares / count - (total / count) ** 2).float().clamp(min=1e-4)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(spread)
        norm.weight.data.copy_((spread + norm.eps).sqrt())
        norm.bias.data.add_(mean)


def _tensor(pictures: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--marks", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    studio = Studio(options.marks, photos(), fonts(), 77)
    finder, embedder = Finder(), Embedder()
    found = weights(options.models / "finder.onnx")
    first, _ = found[FIRST]
    found[FIRST] = (first * 127.5, np.zeros(len(first), np.float32))
    fill(finder, found)
    shift = torch.from_numpy(weights(options.models / "finder.onnx")[FIRST][1])
    finder.stem[0][1].bias.data.copy_(shift + torch.from_numpy(first).sum((1, 2, 3)) * 127.5)
    normalise(finder, (_tensor([_picture(studio) for _ in range(8)]) for _ in range(PICTURES // 8)))
    torch.save(finder.state_dict(), options.out / "finder.pt")
    fill(embedder, weights(options.models / "embedder.onnx"))
    groups = studio.groups()
    clean = [studio.clean(number) for number in range(len(groups))]
    cuts = [cut for number in range(0, len(groups), max(1, len(groups) // CUTS)) for cut in studio.crops(number)[:1]]
    normalise(embedder, (_tensor(cuts[at : at + 64]) for at in range(0, len(cuts), 64)))
    with torch.no_grad():
        proxies = torch.cat([embedder(_tensor(clean[at : at + 64])) for at in range(0, len(clean), 64)])
    torch.save({"net": embedder.state_dict(), "proxies": functional.normalize(proxies, dim=1)},
               options.out / "embedder.pt")  # fmt: skip


def _picture(studio: Studio) -> np.ndarray:
    while True:
        try:
            return studio.picture(*PICTURE)[0]
        except (ValueError, OSError):
            continue


if __name__ == "__main__":
    main()
