"""An evaluation as one HTML page that opens without a network, in light and in dark."""

import math
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from recognizer.evaluation import plots
from recognizer.evaluation.curves import Numbers
from recognizer.evaluation.evaluation import Evaluation
from recognizer.evaluation.identification import Identification
from recognizer.evaluation.report import FEW, Section, roc_points, sections
from recognizer.evaluation.verification import Verification, WrongPair

_BINS = 80
_DET_LOW, _DET_TICKS = 0.0005, (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --soft: #667085; --rule: #e3e7ee; --card: #f7f8fa;
  --c1: #2563eb; --c2: #d9480f; --c3: #0f8a5f; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e6eaf0; --soft: #98a2b3; --rule: #2a313c;
  --card: #1a2029; --c1: #7aa2ff; --c2: #ff9d6b; --c3: #53d3a2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1160px; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
.lead { color: var(--soft); margin: .25rem 0 1.25rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: .75rem; }
.figure, .plot { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: .8rem 1rem; }
.figure b { display: block; font-size: 1.55rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.figure span, .plot p { color: var(--soft); font-size: .85rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: .75rem; }
.plot h3 { margin: 0; font-size: .95rem; } .plot p { margin: 0 0 .4rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
th { font-weight: 600; width: 15rem; } th + td { width: 24rem; }
thead th { color: var(--soft); font-weight: 500; width: auto; }
.remark { color: var(--soft); } .wide { overflow-x: auto; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: var(--soft); }
svg .axis { fill: var(--ink); font-size: 12px; } .frame { fill: none; stroke: var(--rule); }
.grid { stroke: var(--rule); } .mark { stroke: var(--ink); stroke-dasharray: 4 3; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; } .area { fill-opacity: .3; stroke-width: 1.2; }
.c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
.area.c1, .swatch.c1 { fill: var(--c1); } .area.c2, .swatch.c2 { fill: var(--c2); } .swatch.c3 { fill: var(--c3); }
"""


def page(result: Evaluation) -> str:
    drawn = list(_plots(result))
    measured = f"{result.setup.engine}, {result.setup.probe_views} views"
    body = [
        "<h1>How well people are told apart</h1>",
        f'<p class="lead">{escape(measured)}. {result.photos:,} photos of {result.people:,} people.</p>',
        f'<div class="figures">{"".join(_figures(result))}</div>',
        f'<h2>Curves</h2><div class="plots">{"".join(drawn)}</div>' if drawn else "",
        *(_section(each) for each in sections(result)),
        _mistakes(result.verification.mistakes) if result.verification else "",
        _not_acquired(result),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Rollcall: evaluation</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style></head>\n<body>\n{chr(10).join(body)}\n</body></html>\n"
    )


def _figures(result: Evaluation) -> Iterator[str]:
    verification = result.verification
    if verification is not None:
        if verification.accuracy is not None:
            yield _figure(f"{verification.accuracy.mean:.2%}", "verification accuracy")
        strictest = [each for each in verification.tar_at_far if each.false_acceptances >= FEW][-1:]
        for each, tar in ((each, each.tar) for each in strictest):
            yield _figure("–" if tar is None else f"{tar.value:.2%}", f"TAR at FAR {plots.percent(each.far)}")
    for found in result.identifications[-1:]:
        first = found.fnir_at_fpir[0]
        gallery = f"{found.gallery:,} people with {found.enrolled_photos} photos"
        label = f"missed at FPIR {plots.percent(first.fpir)}, {gallery}"
        yield _figure(f"{first.fnir.value:.2%}", label)
    yield _figure(f"{result.photos - result.without_face:,} of {result.photos:,}", "photos with a face found")
    yield _figure(f"{result.setup.embed_ms:.1f} ms", "to embed a face, one core")


def _figure(value: str, label: str) -> str:
    return f'<div class="figure"><b>{escape(value)}</b><span>{escape(label)}</span></div>'


def _plots(result: Evaluation) -> Iterator[str]:
    if result.verification is not None:
        yield _card("ROC", "Pairs of one person accepted, by pairs of two accepted", _roc(result.verification))
        yield _card("DET", "Both errors, on scales of the normal distribution", _det(result.verification))
        yield _card(
            "Distances",
            "Density of each kind of pair; the line is where errors are equal",
            _histogram(result.verification),
        )
    if result.identifications:
        yield _card(
            "Open-set identification", "Enrolled people missed, by strangers named", _open_set(result.identifications)
        )


def _card(title: str, note: str, svg: str) -> str:
    return f'<div class="plot"><h3>{escape(title)}</h3><p>{escape(note)}</p>{svg}</div>'


def _roc(found: Verification) -> str:
    points = roc_points(found)
    floor = math.floor(10 * min(tar for _, tar in points)) / 10
    across = plots.rate_axis("false acceptance rate", 10.0 ** math.floor(math.log10(points[0][0])))
    up = plots.share_axis("true acceptance rate", min(floor, 0.9))
    return plots.plot("ROC", across, up, [plots.Series("all pairs", points, 1)])


def _det(found: Verification) -> str:
    points = [(far, 1 - tar) for far, tar in roc_points(found)]
    across = plots.normal_axis("false acceptance rate", _DET_LOW, _DET_TICKS)
    up = plots.normal_axis("false rejection rate", _DET_LOW, _DET_TICKS)
    inside = [(far, frr) for far, frr in points if _DET_LOW <= far <= _DET_TICKS[-1]]
    return plots.plot("DET", across, up, [plots.Series("all pairs", inside, 1)])


def _histogram(found: Verification) -> str:
    genuine, impostor = (1 - scores[np.isfinite(scores)] for scores in (found.genuine_scores, found.impostor_scores))
    both = np.concatenate([genuine, impostor])
    edges = np.linspace(float(both.min()), float(both.max()) + 1e-9, _BINS + 1)
    shapes = [_outline(values, edges) for values in (genuine, impostor)]
    high = 1.05 * max(height for shape in shapes for _, height in shape)
    across = plots.distance_axis("cosine distance", float(edges[-1]))
    series = [
        plots.Series(name, shape, colour, filled=True)
        for name, shape, colour in zip(("one person", "two people"), shapes, (1, 2), strict=True)
    ]
    mark = plots.Mark(1 - found.threshold, "equal errors")
    return plots.plot("Distances", across, plots.height_axis("density", high), series, [mark])


def _outline(values: Numbers, edges: Numbers) -> list[plots.Point]:
    heights, _ = np.histogram(values, edges, density=True)
    steps = [(float(edge), float(height)) for left, height in enumerate(heights) for edge in edges[left : left + 2]]
    return [(float(edges[0]), 0.0), *steps, (float(edges[-1]), 0.0)]


def _open_set(found: Sequence[Identification]) -> str:
    highest = max(fnir for each in found for _, fnir in each.trade_off)
    across = plots.rate_axis("strangers named (FPIR)", 1e-3, 0.3)
    up = plots.share_axis("enrolled people missed (FNIR)", 0.0, max(0.05, math.ceil(20 * highest) / 20))
    series = [
        plots.Series(f"{each.enrolled_photos} enrolled", each.trade_off, 1 + place % 3)
        for place, each in enumerate(found)
    ]
    return plots.plot("Open-set identification", across, up, series)


def _section(section: Section) -> str:
    rows = "".join(
        f'<tr><th>{escape(row.label)}</th><td>{escape(row.value)}</td><td class="remark">{escape(row.remark)}</td></tr>'
        for row in section.rows
    )
    return f'<h2>{escape(section.title)}</h2><div class="wide"><table>{rows}</table></div>'


def _mistakes(mistakes: Sequence[WrongPair]) -> str:
    if not mistakes:
        return "<h2>Mistakes</h2><p>None at the threshold of equal errors.</p>"
    rows = "".join(
        f"<tr><td>{escape(each.first)}</td><td>{escape(each.second)}</td>"
        f"<td>{'one person, rejected' if each.same else 'two people, accepted'}</td><td>{_distance(each)}</td></tr>"
        for each in mistakes
    )
    head = "<thead><tr><th>photo</th><th>photo</th><th>what went wrong</th><th>distance</th></tr></thead>"
    title = "The worst mistakes at the threshold of equal errors"
    return f'<h2>{title}</h2><div class="wide"><table>{head}{rows}</table></div>'


def _distance(pair: WrongPair) -> str:
    return f"{1 - pair.similarity:.4f}" if math.isfinite(pair.similarity) else "no face in one"


def _not_acquired(result: Evaluation) -> str:
    if not result.not_acquired:
        return ""
    rows = "".join(f"<tr><td>{escape(photo)}</td><td>{reason}</td></tr>" for photo, reason in result.not_acquired)
    return f'<h2>Photos that the service refuses</h2><div class="wide"><table>{rows}</table></div>'
