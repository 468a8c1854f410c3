"""ONNX Runtime: the one file of ours that imports it."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from recognizer.errors import EngineFailed, WeightsMissing

# ONNX Runtime's exceptions share no base of their own.
_RUNTIME_ERRORS: tuple[type[Exception], ...] = tuple(
    error for error in vars(ort_errors).values() if isinstance(error, type) and issubclass(error, Exception)
)
_ERRORS_ONLY = 3  # OrtLoggingLevel


class Graph:
    """An opened ONNX graph on the CPU. `run` may be called from several threads at once.

    Each call computes on `threads` threads, the caller's own among them, and none of them spins while it waits: with
    one executor thread for each core, a spinning helper only takes a core from another frame.

    Memory is kept for the next call and never given back: fresh pages for every call would take as long as the smaller
    networks themselves. So bound what goes in at once; `run_in_batches` does.
    """

    def __init__(self, source: Path | bytes, *, threads: int = 1) -> None:
        """Opens a file or the bytes of one.

        Raises WeightsMissing when the file is not there and EngineFailed when it is not a graph that can run here.
        """
        self.name = source.name if isinstance(source, Path) else "graph"
        if isinstance(source, Path) and not source.is_file():
            raise WeightsMissing(f"{source} is missing")
        try:
            self._session = ort.InferenceSession(
                str(source) if isinstance(source, Path) else source,
                sess_options=_options(threads),
                providers=["CPUExecutionProvider"],
            )
        except _RUNTIME_ERRORS as error:
            raise EngineFailed(f"{self.name} cannot be opened") from error
        self._inputs = [node.name for node in self._session.get_inputs()]

    def run(self, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """The graph's outputs, in its own order, for inputs in its own order. Raises EngineFailed."""
        try:
            outputs: list[NDArray[Any]] = self._session.run(None, dict(zip(self._inputs, inputs, strict=True)))
        except _RUNTIME_ERRORS as error:
            raise EngineFailed(f"{self.name} failed") from error
        return outputs

    def run_in_batches(self, rows: NDArray[Any], most: int) -> NDArray[Any]:
        """The first output for `rows`, of which there is at least one, given to the graph `most` at a time."""
        parts = [self.run(rows[start : start + most])[0] for start in range(0, len(rows), most)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False  # remembers every shape it ever saw; frames come in any
    options.log_severity_level = _ERRORS_ONLY
    return options
