"""What stands in for an ONNX Runtime session where a library insists on one."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.session import Graph


class StandInSession:
    """The calls DeepFace makes of an ONNX Runtime session, answered by a graph of ours with one input."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def get_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="input")]

    def get_outputs(self) -> list[SimpleNamespace]:
        return []

    def run(self, _: object, inputs: dict[str, NDArray[np.float32]]) -> list[NDArray[Any]]:
        return self._graph.run(inputs["input"])
