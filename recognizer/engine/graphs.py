"""Graphs converted from other formats: built once, kept as files, opened at every later start."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recognizer.engine.session import Graph
from recognizer.engine.weights import PackagedWeights
from recognizer.errors import EngineFailed
from shared.logs import get_logger

log = get_logger(__name__)


class NotTheNetworkExpected(ValueError):
    """A file of weights does not hold the network that its converter is written for."""


@dataclass(frozen=True, slots=True)
class ConvertedGraph:
    """How one network becomes an ONNX graph. `converter` changes whenever `build` would write other bytes."""

    name: str
    converter: int
    weights: PackagedWeights
    build: Callable[[Path], bytes]  # the verified weights to the serialized graph

    @property
    def file_name(self) -> str:
        return f"{self.name}-c{self.converter}-{self.weights.sha256[:16]}.onnx"

    @property
    def version(self) -> str:
        """Another version may give other numbers for the same input."""
        return f"{self.converter}.{self.weights.sha256[:8]}"

    def open(self, graph_dir: Path, *, threads: int = 1) -> Graph:
        """The graph from `graph_dir`, built first when it is not there or not whole.

        Raises WeightsMissing when it has to be built and the weights are absent, EngineFailed when it cannot run.
        """
        file = graph_dir / self.file_name
        if _is_whole(file):
            try:
                return Graph(file, threads=threads)
            except EngineFailed:
                log.warning("stored graph does not open, building it again", graph=self.file_name)
        self._store(file)
        return Graph(file, threads=threads)

    def _store(self, file: Path) -> None:
        graph = self.build(self.weights.locate())
        write_atomically(_seal_of(file), hashlib.sha256(graph).hexdigest().encode())
        write_atomically(file, graph)
        log.info("graph built", graph=self.file_name, bytes=len(graph))


def write_atomically(file: Path, content: bytes) -> None:
    """After this, `file` holds all of `content`, whatever happens meanwhile; readers never see a part of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _seal_of(file: Path) -> Path:
    return file.with_suffix(".sha256")


def _is_whole(file: Path) -> bool:
    """Whether the file is still what was written: a graph with flipped bits may well open, and answer wrongly."""
    try:
        seal = _seal_of(file).read_bytes()
        return hashlib.sha256(file.read_bytes()).hexdigest().encode() == seal
    except FileNotFoundError:
        return False
