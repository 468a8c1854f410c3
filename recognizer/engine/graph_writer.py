"""Writes ONNX graphs layer by layer. Imports `onnx`, so only code that builds a graph imports this."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = NDArray[np.float32]

_OPSET = 17
_IR_VERSION = 8  # readable by every ONNX Runtime since 1.12


class GraphWriter:
    """A graph with one input, `pixels`: (n, height, width, 3) RGB, 0 to 255. Each method adds a layer to the tensor
    named by its first argument and returns the name of the result; channels come first inside."""

    def __init__(self, name: str, height: int | str, width: int | str, *, whole: bool) -> None:
        """`whole`: the pixels come as uint8, otherwise as float32."""
        self._name = name
        self._whole = whole
        self._shape: list[int | str] = ["n", height, width, 3]
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def pixels(self) -> str:
        """The input as (n, 3, height, width) float32, still 0 to 255. Turned while it is small, then widened."""
        turned = self._add("Transpose", "pixels", perm=[0, 3, 1, 2])
        return self._add("Cast", turned, to=TensorProto.FLOAT) if self._whole else turned

    def conv(self, x: str, weights: Weights, bias: Weights, *, stride: int = 1, padding: int = 0) -> str:
        """`weights`: (out, in, rows, columns)."""
        kernel = list(weights.shape[2:])
        parameters = [self._constant(weights), self._constant(bias)]
        return self._add("Conv", x, *parameters, kernel_shape=kernel, strides=[stride] * 2, pads=[padding] * 4)

    def dense(self, x: str, weights: Weights, bias: Weights | None = None) -> str:
        """`weights`: (in, out)."""
        parameters = [self._constant(each) for each in (weights, bias) if each is not None]
        return self._add("Gemm", x, *parameters)

    def relu(self, x: str) -> str:
        return self._add("Relu", x)

    def prelu(self, x: str, slopes: Weights) -> str:
        """x where it is positive, slope · x elsewhere; `slopes`: any shape that broadcasts over one item.

        Written as slope · x + (1 − slope) · relu(x): ONNX Runtime computes that in its blocked layout, where its PRelu
        operator takes as long as the convolutions around it.
        """
        leaky = self._add("Mul", x, self._constant(slopes))
        rest = self._add("Mul", self.relu(x), self._constant(1 - slopes))
        return self.add(leaky, rest)

    def max_pool(self, x: str, size: int, *, keep_last: bool = False) -> str:
        """Steps of two, as every pooling layer here. With `keep_last` a window may hang over the bottom and the
        right."""
        return self._add("MaxPool", x, kernel_shape=[size] * 2, strides=[2, 2], ceil_mode=int(keep_last))

    def halve(self, x: str) -> str:
        """The mean of each 2 by 2 square."""
        return self._add("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])

    def pad_end(self, x: str, rows_and_columns: int) -> str:
        """Zeros at the bottom and on the right."""
        pads = np.array([0, 0, 0, 0, 0, 0, rows_and_columns, rows_and_columns], np.int64)
        return self._add("Pad", x, self._constant(pads))

    def add(self, x: str, y: str) -> str:
        return self._add("Add", x, y)

    def mean_over_pixels(self, x: str) -> str:
        return self.flatten(self._add("GlobalAveragePool", x))

    def flatten(self, x: str) -> str:
        return self._add("Flatten", x)

    def serialized(self, outputs: Mapping[str, Sequence[int | str]]) -> bytes:
        """The checked graph that gives these tensors, named with their shapes, in this order."""
        kind = TensorProto.UINT8 if self._whole else TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            self._name,
            inputs=[helper.make_tensor_value_info("pixels", kind, self._shape)],
            outputs=[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            initializer=self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        serialized: bytes = model.SerializeToString(deterministic=True)
        return serialized

    def _add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def _constant(self, values: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
