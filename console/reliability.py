"""Reliability diagram: how often a score came true, as a PNG."""

from collections.abc import Sequence
from io import BytesIO

from detector.measures import Quality

BLUE, RED, GREY = "#1f5fa8", "#c0392b", "#8a8a8a"


def reliability_png(title: str, curves: Sequence[tuple[str, Quality]]) -> bytes:
    """Draw share of frauds over mean score, with 95 % intervals, above the number of things in each bin.

    Args:
        title: ASCII, since the drawing's font knows no other letters.
        curves: at most two, e.g. before and after, each with its name.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # a second to import, and only drawn on request
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 7.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="a score that keeps its word")
    for (name, quality), color, shift in zip(curves, (BLUE, RED), (-0.004, 0.004), strict=False):
        shown = [(one.mean_score, one.frauds) for one in quality.bins if one.mean_score is not None]
        at = [mean + shift for mean, _ in shown]
        values = [frauds.value or 0.0 for _, frauds in shown]
        reach = (
            [value - frauds.low for value, (_, frauds) in zip(values, shown, strict=True)],
            [frauds.high - value for value, (_, frauds) in zip(values, shown, strict=True)],
        )
        error = f", calibration error {quality.calibration_error:.3f}" if quality.calibration_error is not None else ""
        label = f"{name}: {quality.count} judged{error}"
        upper.errorbar(at, values, yerr=reach, color=color, marker="o", markersize=4, capsize=3, label=label)
        width = 0.08 / len(curves)
        centres = [(one.low + one.high) / 2 + shift * 5 * (len(curves) - 1) for one in quality.bins]
        lower.bar(centres, [one.frauds.of for one in quality.bins], width=width, color=color)
    upper.set(title=title, ylabel="share that is fraud (Wilson 95 %)", xlim=(0, 1), ylim=(0, 1))
    upper.legend(loc="lower right", fontsize=8)
    upper.grid(alpha=0.3)
    lower.set(xlabel="score", ylabel="things")
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": "mekiki"})
    return buffer.getvalue()
