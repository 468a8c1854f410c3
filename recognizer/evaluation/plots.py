"""Plots as SVG, drawn by hand so that a page needs nothing from outside. Colours are the page's CSS variables."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from statistics import NormalDist

WIDTH, HEIGHT = 520, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 22, 14, 46
_INNER_WIDTH, _INNER_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    scale: Callable[[float], float]  # rising; makes the axis linear, logarithmic or normal
    text: Callable[[float], str]

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high end; what lies outside is put at the nearer end."""
        inside = min(max(value, self.low), self.high)
        low, high = self.scale(self.low), self.scale(self.high)
        return (self.scale(inside) - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    points: Sequence[Point]
    colour: int  # 1 to 3: a variable of the page
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A dashed line up from the horizontal axis."""

    at: float
    name: str


def percent(value: float) -> str:
    """0.001 as 0.1 %, with no more digits than it needs."""
    return f"{100 * value:.6g} %"


def rate_axis(label: str, low: float, high: float = 1.0) -> Axis:
    """Logarithmic, a tick at each power of ten."""
    decades = range(math.floor(math.log10(low) + 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
    return Axis(label, low, high, tuple(10.0**power for power in decades), math.log10, percent)


def normal_axis(label: str, low: float, ticks: tuple[float, ...]) -> Axis:
    """Normal deviates, on which the errors of two normal distributions lie on a straight line (Martin and others, The
    DET curve in assessment of detection task performance, 1997)."""
    return Axis(label, low, ticks[-1], ticks, NormalDist().inv_cdf, percent)


def share_axis(label: str, low: float, high: float = 1.0, steps: int = 5) -> Axis:
    return Axis(label, low, high, _even(low, high, steps), float, percent)


def distance_axis(label: str, high: float) -> Axis:
    """From 0, a tick at each whole step of 1, 2 or 5 times a power of ten: at most seven."""
    power = 10.0 ** math.floor(math.log10(high))
    step = next(part * power for part in (0.1, 0.2, 0.5, 1, 2) if high / (part * power) < 7)
    ticks = tuple(step * index for index in range(math.floor(high / step) + 1))
    return Axis(label, 0.0, high, ticks, float, lambda value: f"{value:.3g}")


def height_axis(label: str, high: float) -> Axis:
    """Without numbers: heights that only compare."""
    return Axis(label, 0.0, high, (), float, str)


def plot(title: str, across: Axis, up: Axis, series: Sequence[Series], marks: Sequence[Mark] = ()) -> str:
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
        *_grid(across, up),
        *(_line(each, across, up) for each in series),
        *(_marked(mark, across) for mark in marks),
        *_legend(series),
        "</svg>",
    ]
    return "\n".join(parts)


def _even(low: float, high: float, steps: int) -> tuple[float, ...]:
    return tuple(low + (high - low) * step / steps for step in range(steps + 1))


def _x(axis: Axis, value: float) -> float:
    return round(_LEFT + _INNER_WIDTH * axis.place(value), 1)


def _y(axis: Axis, value: float) -> float:
    return round(_TOP + _INNER_HEIGHT * (1 - axis.place(value)), 1)


def _grid(across: Axis, up: Axis) -> list[str]:
    bottom, right = _TOP + _INNER_HEIGHT, _LEFT + _INNER_WIDTH
    parts = [f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_INNER_WIDTH}" height="{_INNER_HEIGHT}"/>']
    for tick in across.ticks:
        x = _x(across, tick)
        parts.append(f'<line class="grid" x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}"/>')
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{escape(across.text(tick))}</text>')
    for tick in up.ticks:
        y = _y(up, tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{escape(up.text(tick))}</text>')
    below = f'x="{(_LEFT + right) / 2}" y="{HEIGHT - 8}"'
    beside = f'transform="translate(13 {_TOP + _INNER_HEIGHT / 2}) rotate(-90)"'
    for where, axis in ((below, across), (beside, up)):
        parts.append(f'<text class="axis" {where} text-anchor="middle">{escape(axis.label)}</text>')
    return parts


def _line(series: Series, across: Axis, up: Axis) -> str:
    path = " ".join(f"{_x(across, x)},{_y(up, y)}" for x, y in series.points)
    kind = "area" if series.filled else "curve"
    shape = "polygon" if series.filled else "polyline"
    return f'<{shape} class="{kind} c{series.colour}" points="{path}"><title>{escape(series.name)}</title></{shape}>'


def _marked(mark: Mark, across: Axis) -> str:
    x, bottom = _x(across, mark.at), _TOP + _INNER_HEIGHT
    anchor, shift = ("end", -5) if across.place(mark.at) > 0.6 else ("start", 5)
    return (
        f'<line class="mark" x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}"/>'
        f'<text x="{x + shift}" y="{_TOP + 14}" text-anchor="{anchor}">{escape(mark.name)}</text>'
    )


def _legend(series: Sequence[Series]) -> list[str]:
    if len(series) < 2:
        return []
    parts = []
    for place, each in enumerate(series):
        y = _TOP + 20 + 18 * place
        right = _LEFT + _INNER_WIDTH - 12
        parts.append(f'<rect class="swatch c{each.colour}" x="{right - 10}" y="{y - 9}" width="10" height="10"/>')
        parts.append(f'<text x="{right - 16}" y="{y}" text-anchor="end">{escape(each.name)}</text>')
    return parts
