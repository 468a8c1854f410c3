"""Makes Facenet and Facenet512 with generated weights, embeds chips by DeepFace itself and by our adapter. Run as a
process of its own: TensorFlow warns when it is imported, and takes signals and threads as it likes.

    python keras_networks.py FOLDER     reads chips.npy (n, 160, 160, 3) uint8 RGB; the files it leaves are named below
"""

# ruff: noqa: PLC0415  Keras and DeepFace read the environment when they are imported

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from recognizer.engine.fetch import trust
from recognizer.engine.loader import load_embedder
from recognizer.engine.weights import Backend
from recognizer.errors import WeightsMissing

NETWORKS = {"Facenet": 128, "Facenet512": 512}
ALIASES = {"Facenet": "facenet.h5", "Facenet512": "facenet512.h5"}
OPSET, IR_VERSION = 17, 8


def main(folder: Path) -> None:
    chips = np.load(folder / "chips.npy")
    home, models_dir = folder / "home", folder / "models"
    weights_dir = home / ".deepface" / "weights"
    for each in (weights_dir, models_dir, folder / "onnx"):
        each.mkdir(parents=True)
    os.environ.update(
        DEEPFACE_BACKEND_ENGINE="tensorflow",
        DEEPFACE_HOME=str(home),
        TF_USE_LEGACY_KERAS="0",
        KERAS_BACKEND="tensorflow",
        TF_CPP_MIN_LOG_LEVEL="3",
    )
    generate(chips, weights_dir, folder)
    for name in NETWORKS:
        np.save(folder / f"{name}-deepface.npy", by_deepface(name, chips))
        (weights_dir / f"{name.lower()}_weights.h5").rename(models_dir / ALIASES[name])
    report = {name: by_us(name, chips, models_dir, folder) for name in NETWORKS}
    (folder / "report.json").write_text(json.dumps(report))


def generate(chips: Any, weights_dir: Path, folder: Path) -> None:
    """NAME_weights.h5, onnx/NAME_weights.onnx, and NAME-keras.npy: the layers' own answer, with no DeepFace around."""
    import keras
    from deepface.models.facial_recognition.tf.Facenet import InceptionResNetV1

    keras.utils.set_random_seed(20)
    for name, dimension in NETWORKS.items():
        model = InceptionResNetV1(dimension)
        unsettle(model)
        save_as_keras_2(model, weights_dir / f"{name.lower()}_weights.h5")
        onnx.save(to_onnx(model), folder / "onnx" / f"{name.lower()}_weights.onnx")
        pixels = chips[..., ::-1].astype(np.float32) / 255
        np.save(folder / f"{name}-keras.npy", model(pixels, training=False).numpy())


def unsettle(model: Any) -> None:
    """Fresh batch normalization is the identity, which would hide a wrong order of its parameters. Small variances keep
    the pictures apart on the way down: with random weights every layer forgets a little of them."""
    rng = np.random.default_rng(21)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            beta, mean, variance = (each.shape for each in layer.weights)
            layer.set_weights([rng.normal(0, 0.02, beta), rng.normal(0, 0.02, mean), rng.uniform(0.1, 0.4, variance)])


def save_as_keras_2(model: Any, file: Path) -> None:
    """The layout of the published files: groups by layer, in the model's order."""
    with h5py.File(file, "w") as stored:
        stored.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = stored.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, layer.weights, strict=True):
                group[name] = weight.numpy()


def to_onnx(model: Any) -> onnx.ModelProto:
    """The same layers as an ONNX graph that takes (n, 160, 160, 3), as DeepFace's exported graphs do."""
    nodes = [helper.make_node("Transpose", ["pixels"], [model.inputs[0].name], perm=[0, 3, 1, 2])]
    constants: list[onnx.TensorProto] = []
    for layer in model.layers[1:]:
        inputs = [each.name for each in (layer.input if isinstance(layer.input, list) else [layer.input])]
        operator, parameters, attributes = OPERATORS[type(layer).__name__](layer)
        for index, values in enumerate(parameters):
            inputs.append(f"{layer.name}.{index}")
            constants.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), inputs[-1]))
        nodes.append(helper.make_node(operator, inputs, [layer.output.name], name=layer.name, **attributes))
    graph = helper.make_graph(
        nodes,
        "inception_resnet_v1",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 160, 160, 3])],
        [helper.make_tensor_value_info(model.outputs[0].name, TensorProto.FLOAT, ["n", model.output_shape[1]])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


Node = tuple[str, list[Any], dict[str, Any]]


def _conv(layer: Any) -> Node:
    kernel, *bias = layer.get_weights()
    padding = {"same": "SAME_UPPER", "valid": "VALID"}[layer.padding]
    return "Conv", [kernel.transpose(3, 2, 0, 1), *bias], {"strides": list(layer.strides), "auto_pad": padding}


def _batch_normalization(layer: Any) -> Node:
    beta, mean, variance = layer.get_weights()
    return "BatchNormalization", [np.ones_like(beta), beta, mean, variance], {"epsilon": layer.epsilon}


def _max_pool(layer: Any) -> Node:
    return "MaxPool", [], {"kernel_shape": list(layer.pool_size), "strides": list(layer.strides)}


OPERATORS: dict[str, Any] = {
    "Conv2D": _conv,
    "BatchNormalization": _batch_normalization,
    "MaxPooling2D": _max_pool,
    "Activation": lambda _: ("Relu", [], {}),
    "Concatenate": lambda _: ("Concat", [], {"axis": 1}),
    "Lambda": lambda layer: ("Mul", [layer.arguments["scale"]], {}),
    "Add": lambda _: ("Add", [], {}),
    "GlobalAveragePooling2D": lambda _: ("ReduceMean", [], {"axes": [2, 3], "keepdims": 0}),
    "Dropout": lambda _: ("Identity", [], {}),
    "Dense": lambda layer: ("MatMul", layer.get_weights(), {}),
}


def by_deepface(name: str, chips: Any) -> Any:
    """(n, d), raw. DeepFace is given arrays, in its own BGR."""
    from deepface.modules.representation import represent

    faces = [
        represent(img_path=chip[..., ::-1], model_name=name, detector_backend="skip", normalization="base")
        for chip in chips
    ]
    return np.array([face[0]["embedding"] for face in faces], np.float32)


def by_us(name: str, chips: Any, models_dir: Path, folder: Path) -> dict[str, Any]:
    """NAME-ours.npy: all chips at once. NAME-alone.npy: one by one, from several threads."""

    def load() -> Any:
        return load_embedder(name, models_dir=models_dir, state_dir=folder, backend="tensorflow", threads=1)

    refusal = ""
    try:
        load()
    except WeightsMissing as error:
        refusal = str(error)
    trusted = trust(name, models_dir, backend=Backend.TENSORFLOW)
    embedder = load()
    np.save(folder / f"{name}-ours.npy", embedder.embed(chips))
    with ThreadPoolExecutor(4) as threads:
        np.save(folder / f"{name}-alone.npy", np.concatenate(list(threads.map(embedder.embed, chips[:, None]))))
    return {
        "refusal": refusal,
        "file": trusted[0].path.name,
        "sha256": trusted[0].sha256,
        "version": embedder.version,
        "dimension": embedder.dimension,
        "chip_px": embedder.alignment.size,
        "threshold": embedder.defaults.threshold,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
