"""What the two Dockerfiles promise, read from the files: no Docker is needed."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from recognizer.engine.weights import DLIB_RESNET

ROOT = Path(__file__).parents[2]
PORTS = {"recognizer": 8000, "logger": 8001}
NEVER_IN_A_BUILD = (".env", ".git", "dataset/Alice_101/1.jpg", "models/facenet512.h5", "var/logger/attendance.db")


@dataclass(frozen=True, slots=True)
class Instruction:
    word: str
    rest: str


@dataclass(frozen=True, slots=True)
class Dockerfile:
    name: str
    text: str

    @property
    def instructions(self) -> list[Instruction]:
        code = "\n".join(line for line in self.text.splitlines() if not line.startswith("#"))
        lines = re.sub(r"\\\n\s*", " ", code).splitlines()
        return [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]

    @property
    def final_stage(self) -> list[Instruction]:
        starts = [number for number, instruction in enumerate(self.instructions) if instruction.word == "FROM"]
        return self.instructions[starts[-1] :]

    @property
    def copied_from_the_context(self) -> set[str]:
        copies = [each.rest.split() for each in self.instructions if each.word == "COPY"]
        return {source for words in copies if not words[0].startswith("--from") for source in words[:-1]}

    def last(self, word: str) -> str:
        return [each.rest for each in self.final_stage if each.word == word][-1]


@pytest.fixture(params=PORTS)
def image(request: pytest.FixtureRequest) -> Dockerfile:
    return read(request.param)


def read(name: str) -> Dockerfile:
    return Dockerfile(name, (ROOT / name / "Dockerfile").read_text("utf-8"))


def reaches_the_build(path: str) -> bool:
    """By .dockerignore, whose last matching line decides."""
    parents = [str(each) for each in (PurePosixPath(path), *PurePosixPath(path).parents)]
    verdict = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and (pattern == "*" or pattern in parents):
            verdict = line.startswith("!")
    return verdict


def test_the_final_stage_is_slim_and_installs_nothing(image: Dockerfile) -> None:
    assert image.final_stage[0].rest == "python:3.11-slim"
    assert [each.word for each in image.instructions].count("FROM") == 2
    assert not any("pip" in each.rest for each in image.final_stage)
    assert not re.search(r"\b(apt-get|apt|curl|wget)\b", image.text)


def test_it_does_not_run_as_root(image: Dockerfile) -> None:
    defaults = dict(each.rest.split("=", 1) for each in image.final_stage if each.word == "ARG")

    user = re.sub(r"\$\{(\w+)\}", lambda found: defaults[found[1]], image.last("USER"))

    assert int(user) > 0  # a number, so that an orchestrator can tell that it is not root


def test_every_package_is_held_to_its_hash(image: Dockerfile) -> None:
    installs = [each.rest for each in image.instructions if "pip install" in each.rest]

    assert len(installs) == 1
    assert f"--require-hashes -r /tmp/requirements-{image.name}.lock" in installs[0]


def test_no_address_is_written_down(image: Dockerfile) -> None:
    assert set(re.findall(r"\w+://[^/$\s]+", image.text)) == {"http://127.0.0.1:"}


def test_health_is_probed_where_the_service_listens(image: Dockerfile) -> None:
    prefix = image.name.upper()

    assert f"python -m shared.web.probe http://127.0.0.1:${{{prefix}_PORT}}/readyz" in image.last("HEALTHCHECK")
    assert f"{prefix}_HOST=0.0.0.0" in image.last("ENV")
    assert f"{prefix}_PORT={PORTS[image.name]}" in image.last("ENV")
    assert image.last("EXPOSE") == str(PORTS[image.name])


def test_the_service_itself_receives_the_signals(image: Dockerfile) -> None:
    assert image.last("ENTRYPOINT") == f'["python", "-m", "{image.name}"]'
    assert image.last("CMD") == '["serve"]'


def test_nothing_is_written_outside_the_state(image: Dockerfile) -> None:
    assert "PYTHONDONTWRITEBYTECODE=1" in image.last("ENV")
    assert any("compileall" in each.rest for each in image.instructions)
    assert image.last("VOLUME") == "/app/var"


def test_an_old_engine_builds_it(image: Dockerfile) -> None:
    assert "syntax=" not in image.text
    assert "<<" not in image.text
    assert not re.search(r"--(mount|link|chmod|security|network)\b", image.text)


def test_each_image_holds_its_own_service_alone() -> None:
    assert read("logger").copied_from_the_context == {"shared", "logger", "requirements-logger.lock"}
    assert read("recognizer").copied_from_the_context == {"shared", "recognizer", "requirements-recognizer.lock"}


@pytest.mark.parametrize("package", ["onnxruntime", "deepface", "numpy", "opencv-contrib-python-headless", "mtcnn"])
def test_the_logger_carries_nothing_that_recognizes(package: str) -> None:
    def locked(name: str) -> bool:
        lock = (ROOT / f"requirements-{name}.lock").read_text("utf-8")
        return re.search(rf"^{package}==", lock, re.MULTILINE) is not None

    assert locked("recognizer")
    assert not locked("logger")


def test_the_one_file_of_weights_that_is_kept_is_the_one_that_is_used() -> None:
    kept = re.findall(r"! -name (\S+)", read("recognizer").text)

    assert kept == [Path(DLIB_RESNET.path).name]


def test_the_runtime_of_the_networks_reports_to_nobody() -> None:
    environment = [each.rest for each in read("recognizer").final_stage if each.word == "ENV"]

    assert "ORT_DISABLE_TELEMETRY=1" in environment


def test_what_an_image_copies_reaches_the_build(image: Dockerfile) -> None:
    assert all(reaches_the_build(source) for source in image.copied_from_the_context)


@pytest.mark.parametrize("path", NEVER_IN_A_BUILD)
def test_photos_weights_state_and_secrets_never_reach_a_build(path: str) -> None:
    assert not reaches_the_build(path)
