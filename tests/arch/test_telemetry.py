import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_nothing_is_written_into_the_users_home_by_the_networks_runtime(tmp_path: Path) -> None:
    program = (
        "import recognizer; from recognizer.engine.session import Graph; "
        "from recognizer.engine.dlib_resnet import DLIB_GRAPH; from pathlib import Path; "
        f"DLIB_GRAPH.open(Path({str(tmp_path / 'graphs')!r}))"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**environment, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")},
        check=True,
        timeout=120,
    )
    assert list(home.rglob("*")) == []
