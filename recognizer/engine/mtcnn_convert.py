"""The `mtcnn` package's weights as ONNX graphs. Imported only when a graph has to be built.

Each file is an LZ4 frame around a list of float32 arrays as joblib dumps it: a pickle, cut open before each array for
its raw values. We unpickle nothing. The architecture (Zhang, Zhang, Li, Qiao 2016) says which arrays there are, in
which order and of which shape, so the parser only steps from one header's end to the next and checks that all is used
up.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import lz4.frame
import numpy as np

from recognizer.engine.graph_writer import GraphWriter, Weights
from recognizer.engine.graphs import NotTheNetworkExpected

# What a joblib array header ends with: the alignment, 16, then SETITEMS and BUILD. Next come a count of padding bytes,
# the padding and the values.
_HEADER_END = b"K\x10ub"
_LONGEST_HEADER = 256
_STREAM_END = b"e."
_PADDING = b"\xff"

_PIXEL_MIDDLE, _PIXEL_SCALE = 127.5, 128.0


def build_pnet(weights: Path) -> bytes:
    """(1, h, w, 3) float32 RGB to (1, 5, h', w'): box offsets (left, top, right, bottom) and the logit of a face, for
    12 by 12 windows in steps of two. Raises NotTheNetworkExpected."""
    arrays = _arrays(weights, [*_conv(3, 3, 10), *_conv(3, 10, 16), *_conv(3, 16, 32), *_head(1, 1, 32)])
    writer = GraphWriter("mtcnn_pnet", "height", "width", whole=False)
    x = _first_block(writer, *islice(arrays, 3), pool=2)
    x = _block(writer, x, *islice(arrays, 3))
    x = _block(writer, x, *islice(arrays, 3))
    weights_out, bias_out = _outputs(list(arrays))
    windows = writer.conv(x, _filters(weights_out), bias_out)
    return writer.serialized({windows: ["n", 5, "rows", "columns"]})


def build_rnet(weights: Path) -> bytes:
    """(n, 24, 24, 3) float32 RGB to (n, 5): box offsets and the logit of a face. Raises NotTheNetworkExpected."""
    shapes = [*_conv(3, 3, 28), *_conv(3, 28, 48), *_conv(2, 48, 64), *_dense(576, 128), *_head(128)]
    arrays = _arrays(weights, shapes)
    writer = GraphWriter("mtcnn_rnet", 24, 24, whole=False)
    x = _first_block(writer, *islice(arrays, 3), pool=3)
    x = writer.max_pool(_block(writer, x, *islice(arrays, 3)), 3, keep_last=True)
    x = _block(writer, x, *islice(arrays, 3))
    x = _dense_block(writer, x, *islice(arrays, 3), channels=64)
    faces = writer.dense(x, *_outputs(list(arrays)))
    return writer.serialized({faces: ["n", 5]})


def build_onet(weights: Path) -> bytes:
    """(n, 48, 48, 3) float32 RGB to (n, 15): box offsets, five x and five y of the landmarks, the logit of a face.

    Raises NotTheNetworkExpected.
    """
    convolutions = [*_conv(3, 3, 32), *_conv(3, 32, 64), *_conv(3, 64, 64), *_conv(2, 64, 128)]
    arrays = _arrays(weights, [*convolutions, *_dense(1152, 256), *_head(256, landmarks=10)])
    writer = GraphWriter("mtcnn_onet", 48, 48, whole=False)
    x = _first_block(writer, *islice(arrays, 3), pool=3)
    x = writer.max_pool(_block(writer, x, *islice(arrays, 3)), 3, keep_last=True)
    x = writer.max_pool(_block(writer, x, *islice(arrays, 3)), 2, keep_last=True)
    x = _block(writer, x, *islice(arrays, 3))
    x = _dense_block(writer, x, *islice(arrays, 3), channels=128)
    faces = writer.dense(x, *_outputs(list(arrays)))
    return writer.serialized({faces: ["n", 15]})


def _first_block(writer: GraphWriter, kernel: Weights, bias: Weights, slopes: Weights, *, pool: int) -> str:
    """The network expects (rgb − 127.5) / 128. Nothing is padded before this layer, so that is folded into it
    exactly."""
    scaled = kernel / _PIXEL_SCALE
    shifted = bias - _PIXEL_MIDDLE * scaled.sum(axis=(0, 1, 2))
    return writer.max_pool(_block(writer, writer.pixels(), scaled, shifted, slopes), pool, keep_last=True)


def _block(writer: GraphWriter, x: str, kernel: Weights, bias: Weights, slopes: Weights) -> str:
    return writer.prelu(writer.conv(x, _filters(kernel), bias), slopes.reshape(-1, 1, 1))


def _dense_block(writer: GraphWriter, x: str, kernel: Weights, bias: Weights, slopes: Weights, *, channels: int) -> str:
    """The weights count pixels column by column, channels last; ours come channels first, row by row."""
    side = math.isqrt(kernel.shape[0] // channels)
    turned = kernel.reshape(side, side, channels, -1).transpose(2, 1, 0, 3).reshape(kernel.shape)
    return writer.prelu(writer.dense(writer.flatten(x), turned, bias), slopes)


def _outputs(layers: Sequence[Weights]) -> tuple[Weights, Weights]:
    """The output layers as one. The softmax of two classes is the sigmoid of their difference, so that alone is
    kept."""
    *regressions, class_kernel, class_bias = layers
    kernels = [*regressions[0::2], class_kernel[..., 1:] - class_kernel[..., :1]]
    biases = [*regressions[1::2], class_bias[1:] - class_bias[:1]]
    return np.concatenate(kernels, axis=-1), np.concatenate(biases)


def _filters(kernel: Weights) -> Weights:
    """(rows, columns, in, out) to (out, in, rows, columns)."""
    return kernel.transpose(3, 2, 0, 1)


_Shape = tuple[int, ...]


def _conv(size: int, inputs: int, outputs: int) -> list[_Shape]:
    return [(size, size, inputs, outputs), (outputs,), (1, 1, outputs)]


def _dense(inputs: int, outputs: int) -> list[_Shape]:
    return [(inputs, outputs), (outputs,), (outputs,)]


def _head(*inputs: int, landmarks: int = 0) -> list[_Shape]:
    sizes = [size for size in (4, landmarks, 2) if size]
    return [shape for size in sizes for shape in ((*inputs, size), (size,))]


def _arrays(weights: Path, shapes: Sequence[_Shape]) -> Iterator[Weights]:
    """The file's arrays, which must be exactly of these shapes."""
    stream = _decompressed(weights)
    arrays: list[Weights] = []
    position = 0
    for shape in shapes:
        start = _values_start(stream, position)
        position = start + 4 * math.prod(shape)
        if position > len(stream):
            raise NotTheNetworkExpected("the last array is cut")
        arrays.append(np.frombuffer(stream[start:position], "<f4").reshape(shape).astype(np.float32))
    if stream[position:] != _STREAM_END:
        raise NotTheNetworkExpected("something follows the last array")
    return iter(arrays)


def _decompressed(weights: Path) -> bytes:
    try:
        stream: bytes = lz4.frame.decompress(weights.read_bytes())
    except RuntimeError as error:  # what lz4 raises for anything that is not a whole frame
        raise NotTheNetworkExpected("not an LZ4 frame") from error
    return stream


def _values_start(stream: bytes, position: int) -> int:
    found = stream.find(_HEADER_END, position, position + _LONGEST_HEADER)
    if found < 0:
        raise NotTheNetworkExpected("no array where one was expected")
    count_at = found + len(_HEADER_END)
    count = stream[count_at]
    start = count_at + 1 + count
    if stream[count_at + 1 : start] != _PADDING * count:
        raise NotTheNetworkExpected("an array of another layout")
    return start
