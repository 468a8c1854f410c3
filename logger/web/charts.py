"""Charts as SVG, drawn here so that pages need no script: bars of shares and of percentages.

Every chart says in words what it shows, for those who do not see it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from shared.contracts.events import AttendanceStatus

WIDTH, HEIGHT = 720, 230
LEFT, RIGHT, TOP, BOTTOM = 42, 8, 22, 28  # room around the plot, in the chart's own units
MOST_BARS = 31
WIDEST_BAR = 56

_ORDER = tuple(AttendanceStatus)


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    percent: float | None  # None: nothing to count


def shares(counts: Mapping[AttendanceStatus, int], expected: int) -> Markup:
    """One line, filled by the share of each kind of status; what is left of `expected` stays empty."""
    total = max(expected, sum(counts.values()), 1)
    parts: list[Markup] = []
    at = 0.0
    for kind in _ORDER:
        width = 100 * counts.get(kind, 0) / total
        if width:
            parts.append(
                Markup('<rect class="fill-{}" x="{:.3f}" width="{:.3f}" height="4"/>').format(kind.value, at, width)
            )
        at += width
    said = ", ".join(f"{counts[kind]} {kind.value}" for kind in _ORDER if counts.get(kind)) or "nobody marked"
    return Markup(
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="{} of {}">{}</svg>'
    ).format(said, expected, Markup().join(parts))


def percents(bars: Sequence[Bar], threshold_percent: float, said: str) -> Markup:
    """Upright bars from 0 to 100 %, with the warning threshold as a line; `said` is the chart in words."""
    shown = bars[-MOST_BARS:]
    step = (WIDTH - LEFT - RIGHT) / max(len(shown), 1)
    drawn = [_bar(bar, LEFT + step * index, step, threshold_percent) for index, bar in enumerate(shown)]
    limit_y = _y(threshold_percent)
    limit = Markup('<line class="limit" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
        LEFT, WIDTH - RIGHT, limit_y, limit_y
    )
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>').format(
        WIDTH, HEIGHT, said, _grid(), Markup().join(drawn), limit
    )


def _grid() -> Markup:
    line = Markup(
        '<line class="axis" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
        '<text x="{}" y="{:.1f}" text-anchor="end">{} %</text>'
    )
    return Markup().join(
        line.format(LEFT, WIDTH - RIGHT, _y(mark), _y(mark), LEFT - 6, _y(mark) + 4, mark) for mark in (0, 50, 100)
    )


def _bar(bar: Bar, x: float, step: float, threshold_percent: float) -> Markup:
    middle = x + step / 2
    label = Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(middle, HEIGHT - 8, bar.label)
    if bar.percent is None:
        return label
    width = min(step * 0.66, WIDEST_BAR)
    fill = "low" if bar.percent < threshold_percent else "present"
    top = _y(bar.percent)
    body = Markup('<rect class="fill-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3"/>').format(
        fill, middle - width / 2, top, width, _y(0) - top
    )
    value = Markup('<text class="value" x="{:.1f}" y="{:.1f}" text-anchor="middle">{:.0f}</text>').format(
        middle, top - 5, bar.percent
    )
    return body + value + label


def _y(percent: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(max(percent, 0), 100) / 100)
