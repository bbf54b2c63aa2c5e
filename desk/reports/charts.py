"""Charts as SVG text: stacked bars over time, horizontal bars, shares with intervals, curves of waiting.

Drawn by the program that knows the figures, so that a report needs no script and nothing from elsewhere. Colours are
Okabe and Ito's, which people with any colour vision tell apart, and each series also has its own hatching or dashes
for print without colours. Every chart has a title and a description for screen readers. All text is escaped here.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from xml.sax.saxutils import escape, quoteattr

from markupsafe import Markup

from safety.screen import screen

WIDTH = 720  # units of the drawing; the page scales it
LETTER = 6.1  # units that a narrow letter of the labels takes; wide ones take twice as much
INK, FAINT, GRID = "#1f2933", "#616e7c", "#d9dee3"
MOST_X_LABELS = 12
WIDEST_LABEL = 280.0  # units of a label beside a row; the rest is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How one series looks."""

    colour: str
    hatch: str = ""  # path of the lines drawn over it, in a square of 6 units; empty: none
    dash: str = ""  # of a curve


STYLES: Mapping[str, Style] = {
    "waiting": Style(colour="#c8ced6"),
    "relapsed": Style(colour="#d55e00", hatch="M0 6L6 0M-1 1L1 -1M5 7L7 5"),
    "confirmed": Style(colour="#e69f00"),
    "takedown": Style(colour="#56b4e9", hatch="M0 3H6"),
    "down": Style(colour="#0072b2"),
    "closed": Style(colour="#009e73", hatch="M3 0V6"),
    "dismissed": Style(colour="#d9c85f", hatch="M0 0L6 6M-1 5L1 7M5 -1L7 1"),
    "alert": Style(colour="#0072b2"),
    "judgement": Style(colour="#d55e00", dash="9 4"),
    "gone": Style(colour="#009e73", dash="2 4"),
    "detect": Style(colour="#cc79a7", dash="12 3"),
    "notice": Style(colour="#e69f00"),
    "filed": Style(colour="#009e73", dash="2 4"),
    "reaction": Style(colour="#56b4e9", dash="5 3"),
    # Parts of a whole that have no colour of their own: sources, say.
    "first": Style(colour="#0072b2"),
    "second": Style(colour="#e69f00", hatch="M0 6L6 0M-1 1L1 -1M5 7L7 5"),
    "third": Style(colour="#009e73", hatch="M3 0V6"),
    "fourth": Style(colour="#cc79a7"),
    "fifth": Style(colour="#56b4e9", hatch="M0 3H6"),
    "sixth": Style(colour="#d55e00", hatch="M0 0L6 6M-1 5L1 7M5 -1L7 1"),
    "others": Style(colour="#c8ced6"),
}
PARTS = ("first", "second", "third", "fourth", "fifth", "sixth")  # styles, in order; what is more is "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One kind of thing in a chart."""

    style: str  # key of STYLES
    label: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A step curve of shares over time."""

    style: str
    label: str
    steps: tuple[tuple[float, float], ...]  # seconds, share from then on
    until: float  # seconds; where it ends


def stacked_bars(name: str, title: str, says: str, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Draw bars beside each other, each of stacked parts.

    Args:
        name: unique on the page; part of the ids of the drawing.
        title: what is shown; also read aloud.
        says: a sentence more, for screen readers.
        labels: one for each bar; not all are written where there are many.
        series: of as many values as there are labels; those without any value are left out.
    """
    series = [one for one in series if any(one.values)]
    left, top, height, right = 44.0, 10.0, 190.0, 8.0
    totals = [sum(one.values[number] for one in series) for number in range(len(labels))]
    most, ticks = _axis(max(totals, default=0))
    room = (WIDTH - left - right) / max(1, len(labels))
    wide = min(46.0, room * 0.78)
    parts = [_horizontal(left, WIDTH - right, top + height * (1 - tick / most), f"{tick:,.0f}") for tick in ticks]
    for number, label in enumerate(labels):
        x, y = left + room * number + (room - wide) / 2, top + height
        for one in series:
            value = one.values[number]
            if value:
                tall = height * value / most
                y -= tall
                tip = f"{label}: {one.label} {value:,.0f}"
                parts.append(_block(name, one.style, x, y, wide, tall, tip))
    every = max(1, -(-len(labels) // MOST_X_LABELS))
    for number in range(0, len(labels), every):
        middle = left + room * number + room / 2
        parts.append(_text(middle, top + height + 15, labels[number], anchor="middle"))
    legend, deep = _legend(name, [(one.style, one.label) for one in series], left, top + height + 34)
    return _svg(name, title, says, top + height + 28 + deep, [*parts, *legend], [one.style for one in series])


def horizontal_bars(name: str, title: str, says: str, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Draw a row for each label with a stacked bar and its total; arguments as for `stacked_bars`."""
    labels = [_fitted(label) for label in labels]
    left, step, bar, top = _gutter(labels), 24.0, 14.0, 4.0
    totals = [sum(one.values[number] for one in series) for number in range(len(labels))]
    most = max(totals, default=0) or 1
    room = WIDTH - left - 60
    parts = []
    for number, label in enumerate(labels):
        x, y = left, top + step * number
        parts.append(_text(left - 8, y + 11.5, label, anchor="end", colour=INK))
        for one in series:
            if one.values[number]:
                wide = room * one.values[number] / most
                parts.append(_block(name, one.style, x, y, wide, bar, f"{one.label} {one.values[number]:,.0f}"))
                x += wide
        parts.append(_text(x + 6, y + 11.5, f"{totals[number]:,.0f}"))
    shown = [one for one in series if any(one.values)]
    legend, deep = _legend(name, [(one.style, one.label) for one in shown], left, top + step * len(labels) + 8)
    return _svg(name, title, says, top + step * len(labels) + 2 + deep, [*parts, *legend], [one.style for one in shown])


def shares(name: str, title: str, says: str, rows: Sequence[tuple[str, float, float, float, str]]) -> Markup:
    """Draw a dot with its interval for each row.

    Args:
        rows: label, share, low and high end of its interval (0-1), and a note at the right.
        name, title, says: as for `stacked_bars`.
    """
    left, step, top = _gutter([_fitted(row[0]) for row in rows]), 22.0, 18.0
    room, bottom = WIDTH - left - 64, 18.0 + 22.0 * len(rows)
    parts = []
    for percent in (0, 25, 50, 75, 100):
        x = left + room * percent / 100
        parts.append(f'<path d="M{x:.1f} {top - 4}V{bottom:.1f}" stroke="{GRID}"/>')
        parts.append(_text(x, top - 8, f"{percent}%", anchor="middle"))
    for number, (label, share, low, high, note) in enumerate(rows):
        y = top + step * number + step / 2
        parts.append(_text(left - 8, y + 4, _fitted(label), anchor="end", colour=INK))
        begin, end, at = (left + room * value for value in (low, high, share))
        parts.append(
            f'<path d="M{begin:.1f} {y}H{end:.1f}M{begin:.1f} {y - 4}V{y + 4}M{end:.1f} {y - 4}V{y + 4}" '
            f'stroke="#0072b2" stroke-width="1.6" fill="none"/>'
            f'<circle cx="{at:.1f}" cy="{y}" r="4.5" fill="#0072b2" stroke="#fff"/>'
        )
        parts.append(_text(WIDTH - 56, y + 4, note))
    return _svg(name, title, says, bottom + 6, parts, [])


def curves(
    name: str,
    title: str,
    says: str,
    curves: Sequence[Curve],
    ticks: Sequence[tuple[float, str]],
    below: str,
) -> Markup:
    """Draw shares that fall over time, on a logarithmic scale of time.

    Args:
        curves: their shares are 0-1.
        ticks: seconds and how they are written, rising; the scale goes from the first to the last.
        below: what the scale of time is.
        name, title, says: as for `stacked_bars`.
    """
    left, top, height, right = 44.0, 10.0, 200.0, 30.0
    first, last = log10(ticks[0][0]), log10(ticks[-1][0])
    room = WIDTH - left - right

    def x_of(seconds: float) -> float:
        place = (log10(max(seconds, ticks[0][0])) - first) / (last - first)
        return left + room * min(1.0, place)

    parts = [
        _horizontal(left, WIDTH - right, top + height * (1 - percent / 100), f"{percent}%")
        for percent in (0, 25, 50, 75, 100)
    ]
    for seconds, label in ticks:
        x = x_of(seconds)
        parts.append(f'<path d="M{x:.1f} {top + height}v4" stroke="{FAINT}"/>')
        parts.append(_text(x, top + height + 16, label, anchor="middle"))
    parts.append(_text(left + room / 2, top + height + 32, below, anchor="middle"))
    for curve in curves:
        style = STYLES[curve.style]
        path = f"M{x_of(0):.1f} {top:.1f}"
        for seconds, share in curve.steps[1:]:
            path += f"H{x_of(seconds):.1f}V{top + height * (1 - share):.1f}"
        path += f"H{x_of(curve.until):.1f}"
        dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
        tip = f"<title>{_clean(curve.label)}</title>"
        parts.append(f'<path d="{path}" fill="none" stroke="{style.colour}" stroke-width="2.4"{dash}>{tip}</path>')
    legend, deep = _legend(name, [(one.style, one.label) for one in curves], left, top + height + 52, lines=True)
    return _svg(name, title, says, top + height + 46 + deep, [*parts, *legend], [])


def width_of(text: str) -> float:
    """Return about how wide a label is, in units of the drawing."""
    return sum(LETTER * (2 if unicodedata.east_asian_width(character) in "WF" else 1) for character in text)


def _fitted(label: str) -> str:
    """Cut a label to what fits beside a row."""
    if width_of(label) <= WIDEST_LABEL:
        return label
    while width_of(label) > WIDEST_LABEL - LETTER:
        label = label[:-1]
    return f"{label}…"


def _gutter(labels: Sequence[str]) -> float:
    return max((width_of(label) for label in labels), default=0) + 14


def _axis(most: float) -> tuple[float, list[float]]:
    """Return the top of a scale from 0 that holds `most`, and its marks: 1, 2 or 5 times a power of ten apart."""
    step = 10.0 ** int(log10(max(most, 1)))
    step = next(step * part for part in (0.1, 0.2, 0.5, 1, 2) if most <= 5 * step * part or part == 2)
    step = max(1.0, step)
    count = max(1, -(-int(most) // int(step)))
    return step * count, [step * number for number in range(count + 1)]


def _svg(name: str, title: str, says: str, height: float, parts: Sequence[str], styles: Sequence[str]) -> Markup:
    hatches = "".join(
        f'<pattern id="{name}-{style}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<path d="{STYLES[style].hatch}" stroke="#fff" stroke-width="1.3" stroke-opacity=".85"/></pattern>'
        for style in styles
        if STYLES[style].hatch
    )
    named = quoteattr(f"{name}-title {name}-says")
    return Markup(  # noqa: S704 - every text in it went through _clean
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-labelledby={named}>'
        f'<title id="{name}-title">{_clean(title)}</title><desc id="{name}-says">{_clean(says)}</desc>'
        f"<defs>{hatches}</defs>{''.join(parts)}</svg>"
    )


def _block(name: str, style: str, x: float, y: float, wide: float, tall: float, tip: str) -> str:
    place = f'x="{x:.1f}" y="{y:.2f}" width="{wide:.1f}" height="{tall:.2f}"'
    look = STYLES[style]
    hatch = f'<rect {place} fill="url(#{name}-{style})"/>' if look.hatch else ""
    rect = f'<rect {place} fill="{look.colour}" stroke="#fff" stroke-width=".7"/>'
    return f"<g><title>{_clean(tip)}</title>{rect}{hatch}</g>"


def _horizontal(begin: float, end: float, y: float, label: str) -> str:
    line = f'<path d="M{begin} {y:.1f}H{end}" stroke="{GRID}"/>'
    return line + _text(begin - 6, y + 4, label, anchor="end")


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = FAINT) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{_clean(text)}</text>'


def _legend(
    name: str, entries: Sequence[tuple[str, str]], left: float, y: float, *, lines: bool = False
) -> tuple[list[str], float]:
    """Return the drawn entries, in as many rows as they need, and how tall they are."""
    parts: list[str] = []
    x, row = left, 0
    for style, label in entries:
        wide = width_of(label) + 42
        if x + wide > WIDTH and x > left:
            x, row = left, row + 1
        at = y + 18 * row
        if lines:
            look = STYLES[style]
            dash = f' stroke-dasharray="{look.dash}"' if look.dash else ""
            parts.append(f'<path d="M{x:.1f} {at + 5}h24" stroke="{look.colour}" stroke-width="2.4"{dash}/>')
        else:
            parts.append(_block(name, style, x + 8, at - 1, 14, 11, label))
        parts.append(_text(x + 28, at + 9, label, colour=INK))
        x += wide
    return parts, 18.0 * (row + 1) + 6 if entries else 0.0


def _clean(text: str) -> str:
    return escape(screen(text))
