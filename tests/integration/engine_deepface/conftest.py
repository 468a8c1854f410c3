import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from skimage.data import astronaut

from recognizer.engine.base import Chips, Frame

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 240


@pytest.fixture(scope="session")
def eileen_collins() -> Frame:
    """512 by 512; her face is about 100 px wide, around (225, 110)."""
    picture: Frame = np.ascontiguousarray(astronaut()[..., :3])  # type: ignore[no-untyped-call]
    return picture


@pytest.fixture(scope="session")
def grace_hopper() -> Frame:
    """512 by 606; her face is about 190 px wide, around (255, 210)."""
    file = distribution("matplotlib").locate_file("matplotlib/mpl-data/sample_data/grace_hopper.jpg")
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return picture.astype(np.uint8)


@pytest.fixture(scope="session")
def chips(eileen_collins: Frame, grace_hopper: Frame) -> Chips:
    """(3, 160, 160, 3): two faces, and noise, which no two wrong colour orders treat alike."""
    faces = [eileen_collins[40:200, 145:305], grace_hopper[130:290, 175:335]]
    noise = np.random.default_rng(5).integers(0, 256, (160, 160, 3), np.uint8)
    return np.stack([*faces, noise])


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory, chips: Chips) -> Path:
    """The folder that keras_networks.py has filled."""
    folder = tmp_path_factory.mktemp("generated")
    np.save(folder / "chips.npy", chips)
    run_python(Path(__file__).with_name("keras_networks.py"), str(folder))
    return folder


def run_python(script: Path, *arguments: str) -> str:
    """What it printed. Fails with what it complained about."""
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.fixture
def in_new_process(tmp_path: Path) -> Callable[..., Any]:
    """Runs Python code in a process of its own, with these arguments, and returns the JSON it printed last."""

    def run(code: str, *arguments: object) -> Any:
        script = tmp_path / "script.py"
        script.write_text(code)
        return json.loads(run_python(script, *map(str, arguments)).splitlines()[-1])

    return run


@pytest.fixture
def write_network() -> Callable[..., None]:
    """A network in the shape of Facenet's graph, small enough to reason about: the logarithm of mean colours, mixed."""

    def write(file: Path, *, dimension: int = 128, batch: int | str = "n", side_px: int = 160) -> None:
        mix = np.random.default_rng(9).normal(size=(3, dimension)).astype(np.float32)
        nodes = [
            helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[1, 2], keepdims=0),
            helper.make_node("Log", ["means"], ["logarithms"]),
            helper.make_node("MatMul", ["logarithms", "mix"], ["rows"]),
        ]
        graph = helper.make_graph(
            nodes,
            "means",
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, side_px, side_px, 3])],
            [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [batch, dimension])],
            [numpy_helper.from_array(mix, "mix")],
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)

    return write
