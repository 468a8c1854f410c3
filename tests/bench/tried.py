"""What was tried to make a frame faster, beside what is kept: docs/decisions/0006-speed.md says what became of each."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from recognizer.engine.base import Chips, Embeddings, Frame
from recognizer.engine.dlib_resnet import DLIB_GRAPH, DlibResNet
from recognizer.engine.mtcnn import Mtcnn
from recognizer.engine.session import Graph
from recognizer.engine.unit_rows import unit_rows
from recognizer.vision.align import align
from recognizer.vision.decode import DecodeLimits, decode
from tests.bench.frames import camera_frames
from tests.bench.rows import Plan, Row

CORES = os.cpu_count() or 1
FACES = Path("../shared/faces/lfw_dev/known")  # a folder a person; without it int8's worth is not measured
CALIBRATED_ON = 40

Work = Callable[[], object]


def measure(plan: Plan) -> list[Row]:
    cv2.setNumThreads(1)
    rounds = plan.of(40, 8)
    with TemporaryDirectory() as folder:
        graphs = Path(folder)
        frame = decode(camera_frames()[0], DecodeLimits()).frame
        detector = Mtcnn(graphs)
        return [
            *_batches(graphs, _chips([frame], detector), rounds),
            *_threads(graphs, _chips([frame], detector), rounds),
            *_smaller_frames(graphs, detector, frame, rounds),
            *_jpegs(frame, rounds),
            *_int8(graphs, detector, rounds),
        ]


def _batches(graphs: Path, chip: Chips, rounds: int) -> list[Row]:
    network = DLIB_GRAPH.open(graphs)
    works = {count: _running(network, np.repeat(chip, count, axis=0)) for count in (1, 2, 4, 8, 16)}
    found = {count: ms / count for count, ms in side_by_side(works, rounds).items()}
    return [
        Row(f"embedding, {count} to a batch", ms, "ms/face", ms / found[1], "to one at a time")
        for count, ms in found.items()
    ]


def _threads(graphs: Path, chip: Chips, rounds: int) -> list[Row]:
    works = {threads: _running(DLIB_GRAPH.open(graphs, threads=threads), chip) for threads in (1, CORES)}
    found = side_by_side(works, rounds)
    return [Row(f"embedding, {CORES} threads inside", found[CORES], "ms", found[CORES] / found[1], "to one thread")]


def _smaller_frames(graphs: Path, detector: Mtcnn, frame: Frame, rounds: int) -> list[Row]:
    height, width = frame.shape[:2]
    on_half = Mtcnn(graphs, min_face_px=20)

    def halved() -> object:
        return on_half.detect(np.asarray(cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA)))

    found = side_by_side({"whole": lambda: detector.detect(frame), "half": halved}, rounds)
    ratio = found["half"] / found["whole"]
    note = "to the whole frame, faces of the same size looked for"
    return [Row("detection on half the frame", found["half"], "ms", ratio, note)]


def _jpegs(frame: Frame, rounds: int) -> list[Row]:
    rows: list[Row] = []
    for width in (640, 1_280, 4_000):
        picture = cv2.resize(frame, (width, width * 3 // 4))
        data = np.frombuffer(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes(), np.uint8)
        found = side_by_side({flag: _decoding(data, flag) for flag in (cv2.IMREAD_COLOR, _HALF)}, max(3, rounds // 4))
        ratio = found[_HALF] / found[cv2.IMREAD_COLOR]
        rows.append(Row(f"JPEG of {width} pixels at half its size", found[_HALF], "ms", ratio, "to its whole size"))
    return rows


_HALF = cv2.IMREAD_REDUCED_COLOR_2


def _decoding(data: NDArray[np.uint8], flag: int) -> Work:
    return lambda: cv2.imdecode(data, flag)


def _int8(graphs: Path, detector: Mtcnn, rounds: int) -> list[Row]:
    """The network in 8-bit whole numbers, calibrated on a part of the faces and judged on all pairs of them."""
    if not FACES.is_dir():
        return []
    files = sorted(FACES.glob("*/*.jpg"))
    chips = _chips([_read(file) for file in files], detector)
    names = np.array([file.parent.name for file in files])
    whole = DLIB_GRAPH.open(graphs)
    quantized = _quantized(graphs, chips[:: max(1, len(chips) // CALIBRATED_ON)])
    found = side_by_side({"whole": _running(whole, chips[:1]), "int8": _running(quantized, chips[:1])}, rounds)
    rows, other = (unit_rows(network.run_in_batches(chips, 1)) for network in (whole, quantized))
    apart = float(np.median(1 - (rows * other).sum(axis=1)))
    kept, lost = (_accepted(each, names, 1e-3) for each in (rows, other))
    note = f"to floating point; TAR at FAR 1e-3 {lost:.3f}, in floating point {kept:.3f}; median distance {apart:.1g}"
    return [Row("embedding in int8", found["int8"], "ms", found["int8"] / found["whole"], note)]


class _Calibration(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime carries no types
    def __init__(self, chips: Chips) -> None:
        self._chips: Iterator[Chips] = (chip[None] for chip in chips)

    def get_next(self) -> dict[str, Chips] | None:
        return next(({"pixels": chip} for chip in self._chips), None)


def _quantized(graphs: Path, chips: Chips) -> Graph:
    source = next(graphs.glob("dlib-resnet-*.onnx"))
    quantize_static(
        str(source),
        str(graphs / "int8.onnx"),
        _Calibration(chips),
        quant_format=QuantFormat.QOperator,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return Graph(graphs / "int8.onnx")


def _accepted(rows: Embeddings, names: NDArray[np.str_], false_accepts: float) -> float:
    """TAR: pairs of one person above the similarity that this share of pairs of two people exceeds."""
    pairs = np.triu_indices(len(rows), 1)
    similarity, same = (rows @ rows.T)[pairs], (names[:, None] == names)[pairs]
    line = np.quantile(similarity[~same], 1 - false_accepts)
    return float((similarity[same] > line).mean())


def _chips(frames: Sequence[Frame], detector: Mtcnn) -> Chips:
    """The best face of each frame; every one of them has a face."""
    return np.stack([align(frame, detector.detect(frame)[0], DlibResNet.alignment) for frame in frames])


def _read(file: Path) -> Frame:
    return decode(file.read_bytes(), DecodeLimits()).frame


def _running(network: Graph, chips: Chips) -> Work:
    return lambda: network.run(chips)


def side_by_side(works: Mapping[Any, Work], rounds: int) -> dict[Any, float]:
    """The median milliseconds of each, one after the other in every round."""
    spent: dict[Any, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            spent[name].append((time.perf_counter() - started) * 1e3)
    return {name: median(each_ms) for name, each_ms in spent.items()}
