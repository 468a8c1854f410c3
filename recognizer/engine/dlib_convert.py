"""dlib's `face_recognition_model_v1` weights as an ONNX graph. Imported only when the graph has to be built.

The file is dlib's own serialization of `anet_type` (dlib's `dnn_face_recognition_ex.cpp`), innermost layer first.
Between the layers lie versions, flags and empty tensors that inference does not need, so the parser steps from tag to
tag. An integer is a byte, whose low four bits count the bytes that follow and whose high bit is the sign, then those
bytes, little-endian; a tensor is a version, four sizes and its float32 values.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognizer.engine.graph_writer import GraphWriter, Weights
from recognizer.engine.graphs import NotTheNetworkExpected

CHIP_SIZE = 150
DIMENSION = 128
_MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)
_PIXEL_SCALE = 256.0

# Residual blocks of each level, in the order they are computed. Every level but the first starts by halving its input.
_BLOCKS_OF_LEVEL = (3, 4, 3, 3, 1)
_TENSOR_VERSION = 2
_TAG = re.compile(rb"\x01(?=\x05con_4|\x07affine_|\x04fc_2).(con|affine|fc)_[24]?")
_SIZES_BEFORE = {"con": 0, "affine": 0, "fc": 2}  # outputs and inputs
_SIZES_AFTER = {"con": 7, "affine": 0, "fc": 0}  # filters, rows, columns, strides and paddings (vertical, horizontal)
_NEGATIVE = 0x80


@dataclass(frozen=True, slots=True)
class _Convolution:
    weights: Weights  # (out, in, rows, columns), the affine that follows it folded in
    bias: Weights
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class _Tagged:
    kind: str  # con, affine or fc
    values: Weights
    sizes: list[int]


class _Reader:
    def __init__(self, stream: bytes, position: int) -> None:
        self._stream = stream
        self.position = position

    def integer(self) -> int:
        if self.position >= len(self._stream):
            raise NotTheNetworkExpected("the file is cut")
        head = self._stream[self.position]
        start, self.position = self.position + 1, self.position + 1 + (head & 0x0F)
        value = int.from_bytes(self._stream[start : self.position], "little")
        return -value if head & _NEGATIVE else value

    def tensor(self) -> Weights:
        """All values of the next tensor, in one row."""
        if self.integer() != _TENSOR_VERSION:
            raise NotTheNetworkExpected("a tensor of another version")
        count = math.prod(self.integer() for _ in range(4))
        try:
            values = np.frombuffer(self._stream, "<f4", count, self.position)
        except ValueError as error:
            raise NotTheNetworkExpected("a tensor reaches past the end") from error
        self.position += values.nbytes
        return values.astype(np.float32)


def build(weights: Path) -> bytes:
    """The serialized graph: (n, 150, 150, 3) uint8 RGB to (n, 128) float32, dlib's descriptors before any scaling.

    Raises NotTheNetworkExpected.
    """
    convolutions, projection = _parse(weights.read_bytes())
    writer = GraphWriter("dlib_resnet", CHIP_SIZE, CHIP_SIZE, whole=True)
    layers = iter(convolutions)
    x = writer.relu(_convolve(writer, writer.pixels(), _on_raw_pixels(next(layers))))
    x = writer.max_pool(x, 3)
    size = _half(_half(CHIP_SIZE, 7), 3)
    for level, blocks in enumerate(_BLOCKS_OF_LEVEL):
        for block in range(blocks):
            halving = level > 0 and block == 0
            x = _residual(writer, x, next(layers), next(layers), size if halving else None)
            size = size // 2 if halving else size
    descriptors = writer.dense(writer.mean_over_pixels(x), projection)
    return writer.serialized({descriptors: ["n", DIMENSION]})


def _residual(writer: GraphWriter, x: str, first: _Convolution, second: _Convolution, halved_from: int | None) -> str:
    """relu(x + conv(relu(conv(x)))). A halving block takes the mean of 2 by 2 squares of x, and the smaller of the two
    summands, in pixels or in channels, is filled up with zeros (dlib's `add_prev`)."""
    y = _convolve(writer, writer.relu(_convolve(writer, x, first)), second)
    if halved_from is not None:
        x = _halve_and_widen(writer, x, first)
        missing = halved_from // 2 - _half(halved_from, 3)
        y = writer.pad_end(y, missing) if missing else y
    return writer.relu(writer.add(x, y))


def _halve_and_widen(writer: GraphWriter, x: str, first: _Convolution) -> str:
    """The mean of 2 by 2 squares with channels of zeros appended: where there are any to append, one convolution that
    copies channels does both, and lets ONNX Runtime keep its blocked layout."""
    out_channels, in_channels = first.weights.shape[:2]
    if out_channels == in_channels:
        return writer.halve(x)
    quarters = np.eye(out_channels, in_channels, dtype=np.float32) / np.float32(4)
    weights = np.broadcast_to(quarters[:, :, None, None], (out_channels, in_channels, 2, 2))
    return writer.conv(x, weights, np.zeros(out_channels, np.float32), stride=2)


def _convolve(writer: GraphWriter, x: str, layer: _Convolution) -> str:
    return writer.conv(x, layer.weights, layer.bias, stride=layer.stride, padding=layer.padding)


def _on_raw_pixels(layer: _Convolution) -> _Convolution:
    """The same layer fed with 0 to 255 instead of (rgb − mean) / 256. Exact because it pads nothing."""
    weights = layer.weights / _PIXEL_SCALE
    bias = layer.bias - np.einsum("oihw,i->o", weights, _MEAN_RGB)
    return _Convolution(weights.astype(np.float32), bias.astype(np.float32), layer.stride, layer.padding)


def _half(size: int, kernel: int) -> int:
    """Output pixels of an unpadded layer with steps of two."""
    return (size - kernel) // 2 + 1


def _parse(stream: bytes) -> tuple[list[_Convolution], Weights]:
    """The convolutions in the order they are computed, and the (256, 128) projection at the end."""
    tagged = list(_tagged(stream))
    expected = [*["con", "affine"] * (1 + 2 * sum(_BLOCKS_OF_LEVEL)), "fc"]
    if [each.kind for each in tagged] != expected:
        raise NotTheNetworkExpected("other layers than those of face_recognition_model_v1")
    *layers, last = tagged
    folded = [_fold(convolution, affine) for convolution, affine in zip(layers[::2], layers[1::2], strict=True)]
    return folded, last.values.reshape(-1, DIMENSION)


def _tagged(stream: bytes) -> Iterator[_Tagged]:
    position = 0
    while tag := _TAG.search(stream, position):
        kind = tag.group(1).decode()
        reader = _Reader(stream, tag.end())
        sizes = [reader.integer() for _ in range(_SIZES_BEFORE[kind])]
        values = reader.tensor()
        sizes += [reader.integer() for _ in range(_SIZES_AFTER[kind])]
        position = reader.position
        yield _Tagged(kind, values, sizes)


def _fold(convolution: _Tagged, affine: _Tagged) -> _Convolution:
    """γ(Wx + b) + β as one convolution. Its tensor holds all filters and then all biases; the affine's γ and then β."""
    filters, rows, columns, stride, _, padding, _ = convolution.sizes
    weights, bias = np.split(convolution.values, [-filters])
    gamma, beta = np.split(affine.values, 2)
    return _Convolution(
        weights.reshape(filters, -1, rows, columns) * gamma[:, None, None, None], bias * gamma + beta, stride, padding
    )
