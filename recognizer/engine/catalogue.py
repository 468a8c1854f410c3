"""What can be chosen by DeepFace's names, and the weights each choice needs.

Names, addresses and file names are those of DeepFace 0.0.103; a test compares them with the installed package. The
network for liveness is our own choice.
Checksums are the published ones: for DeepFace's own release files they exist for the .h5 form alone.
"""

from collections.abc import Iterable

from recognizer.engine.weights import DLIB_LANDMARKS, Backend, OptionalWeights, PackagedWeights, Role, WeightsFile
from recognizer.errors import StartError

Catalogue = Iterable[OptionalWeights]


def backend_named(name: str) -> Backend:
    """Raises StartError listing the backends there are."""
    try:
        return Backend(name)
    except ValueError:
        raise StartError(f"there is no backend {name!r}; there are: {', '.join(Backend)}") from None


def find_weights(catalogue: Catalogue, role: Role, name: str, backend: Backend) -> OptionalWeights:
    """Raises StartError when there is no such name, or not on this backend."""
    entries = [entry for entry in catalogue if entry.role is role and entry.name == name]
    for entry in entries:
        if backend in entry.backends:
            return entry
    if entries:
        others = ", ".join(each for entry in entries for each in entry.backends)
        raise StartError(f"{name} does not run on the backend {backend}, only on {others}")
    raise StartError(f"there are no weights for a {role} named {name!r}; names: {', '.join(names(catalogue, role))}")


def names(catalogue: Catalogue, role: Role) -> list[str]:
    """In the catalogue's order, each once."""
    return list(dict.fromkeys(entry.name for entry in catalogue if entry.role is role))


def _release(file_name: str) -> tuple[str, ...]:
    """Where DeepFace's author keeps the files, and his second place for them."""
    return (
        f"https://github.com/serengil/deepface_models/releases/download/v1.0/{file_name}",
        f"https://huggingface.co/serengil/deepface/resolve/main/{file_name}",
    )


def _model(
    name: str, licence: str, *, onnx: WeightsFile | None = None, tensorflow: WeightsFile | None = None
) -> tuple[OptionalWeights, ...]:
    """One entry for each backend that has a file."""
    files = {Backend.ONNX: onnx, Backend.TENSORFLOW: tensorflow}
    return tuple(
        OptionalWeights(Role.MODEL, name, (backend,), (file,), licence, needs=_ENGINE_PACKAGES[backend])
        for backend, file in files.items()
        if file is not None
    )


def _yolo(name: str, file_name: str, url: str) -> OptionalWeights:
    return OptionalWeights(
        role=Role.DETECTOR,
        name=name,
        backends=tuple(Backend),
        files=(WeightsFile(file_name, (url,)),),
        licence="AGPL-3.0 (Ultralytics)",
        needs=("ultralytics",),
        restricted=True,
    )


def _packaged_detector(
    name: str, licence: str, needs: tuple[str, ...], packaged: tuple[PackagedWeights, ...] = ()
) -> OptionalWeights:
    return OptionalWeights(Role.DETECTOR, name, tuple(Backend), (), licence, needs, packaged)


_ENGINE_PACKAGES: dict[Backend, tuple[str, ...]] = {Backend.ONNX: (), Backend.TENSORFLOW: ("tensorflow",)}
_YAPALAB = "https://github.com/YapaLab/yolo-face/releases/download/1.0.0"
_AKANAMETOV = "https://github.com/akanametov/yolo-face/releases/download/1.0.0"
_OPENCV_3RDPARTY = "https://github.com/opencv/opencv_3rdparty/raw/dnn_samples_face_detector_20170830"
_OPENCV_ZOO = "https://github.com/opencv/opencv_zoo/raw/main/models"

YUNET = OptionalWeights(
    role=Role.DETECTOR,
    name="yunet",
    backends=tuple(Backend),
    files=(
        WeightsFile(
            "face_detection_yunet_2023mar.onnx",
            (f"{_OPENCV_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",),
            sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
            size_bytes=232_589,
        ),
    ),
    licence="MIT",
    five_landmarks=True,
)

_FACE_ANTISPOOF = "https://github.com/johnraivenolazo/face-antispoof-onnx/raw"

MINIFASNET = OptionalWeights(
    role=Role.LIVENESS,
    name="MiniFASNet",
    backends=tuple(Backend),
    files=(
        WeightsFile(
            "minifasnet_v2_celebaspoof.onnx",
            (
                f"{_FACE_ANTISPOOF}/2b9830bb/models/best/98.20/best_model.onnx",
                f"{_FACE_ANTISPOOF}/main/models/best/98.20/best_model.onnx",
            ),
            sha256="af2381b88f38769222ed93379e12444e2a50814575de1c46170de570c55a42b6",
            size_bytes=1_912_594,
        ),
    ),
    licence="Apache-2.0 (johnraivenolazo/face-antispoof-onnx)",
)

CATALOGUE: tuple[OptionalWeights, ...] = (
    *_model(
        "Facenet",
        "MIT (davidsandberg/facenet)",
        onnx=WeightsFile("facenet_weights.onnx", _release("facenet_weights.onnx"), aliases=("facenet.onnx",)),
        tensorflow=WeightsFile(
            "facenet_weights.h5",
            _release("facenet_weights.h5"),
            sha256="90659cc97bfda5999120f95d8e122f4d262cca11715a21e59ba024bcce816d5c",
            size_bytes=92_190_816,
            aliases=("facenet.h5",),
        ),
    ),
    *_model(
        "Facenet512",
        "MIT (davidsandberg/facenet)",
        onnx=WeightsFile("facenet512_weights.onnx", _release("facenet512_weights.onnx"), aliases=("facenet512.onnx",)),
        tensorflow=WeightsFile(
            "facenet512_weights.h5",
            _release("facenet512_weights.h5"),
            sha256="3f76b5117a9ca574d536af8199e6720089eb4ad3dc7e93534496d88265de864f",
            size_bytes=94_955_648,
            aliases=("facenet512.h5",),
        ),
    ),
    *_model(
        "ArcFace",
        "MIT (leondgarse/Keras_insightface); trained on data for research",
        onnx=WeightsFile("arcface_weights.onnx", _release("arcface_weights.onnx")),
        tensorflow=WeightsFile(
            "arcface_weights.h5",
            _release("arcface_weights.h5"),
            sha256="6336979c0c602cae08d1122a66f4dfb862d059bbcd8ef80306aef2b2249b0c93",
            size_bytes=137_026_640,
        ),
    ),
    *_model(
        "VGG-Face",
        "as the University of Oxford's VGG gives them: read its terms before commercial use",
        onnx=WeightsFile("vgg_face_weights.onnx", _release("vgg_face_weights.onnx")),
        tensorflow=WeightsFile("vgg_face_weights.h5", _release("vgg_face_weights.h5")),
    ),
    *_model(
        "OpenFace",
        "as iwantooxxoox/Keras-OpenFace gives them",
        onnx=WeightsFile("openface_weights.onnx", _release("openface_weights.onnx")),
        tensorflow=WeightsFile("openface_weights.h5", _release("openface_weights.h5")),
    ),
    *_model(
        "DeepID",
        "as Ruoyiran/DeepID gives them",
        onnx=WeightsFile("deepid_weights.onnx", _release("deepid_weights.onnx")),
        tensorflow=WeightsFile("deepid_keras_weights.h5", _release("deepid_keras_weights.h5")),
    ),
    *_model(
        "GhostFaceNet",
        "as HamadYA/GhostFaceNets gives them",
        onnx=WeightsFile("ghostfacenet_v1.onnx", _release("ghostfacenet_v1.onnx")),
        tensorflow=WeightsFile(
            "ghostfacenet_v1.h5",
            ("https://github.com/HamadYA/GhostFaceNets/releases/download/v1.2/GhostFaceNet_W1.3_S1_ArcFace.h5",),
        ),
    ),
    # Its TensorFlow form needs LocallyConnected2D, which TensorFlow dropped after 2.12.
    *_model(
        "DeepFace",
        "as swghosh/DeepFace gives them",
        onnx=WeightsFile(
            "VGGFace2_DeepFace_weights_val-0.9034.onnx", _release("VGGFace2_DeepFace_weights_val-0.9034.onnx")
        ),
    ),
    OptionalWeights(
        role=Role.MODEL,
        name="SFace",
        backends=tuple(Backend),
        files=(
            WeightsFile(
                "face_recognition_sface_2021dec.onnx",
                (f"{_OPENCV_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx",),
                sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
                size_bytes=38_696_353,
            ),
        ),
        licence="Apache-2.0 (opencv/opencv_zoo)",
    ),
    OptionalWeights(
        role=Role.MODEL,
        name="Buffalo_L",
        backends=tuple(Backend),
        files=(
            WeightsFile(
                "buffalo_l/webface_r50.onnx",
                ("https://drive.google.com/uc?export=download&confirm=pbef&id=1N0GL-8ehw_bz2eZQWz2b0A5XBdXdxZhg",),
            ),
        ),
        licence="non-commercial research only (InsightFace)",
        needs=("insightface",),
        restricted=True,
    ),
    YUNET,
    OptionalWeights(
        role=Role.DETECTOR,
        name="retinaface",
        backends=(Backend.ONNX,),
        files=(WeightsFile("retinaface.onnx", _release("retinaface.onnx")),),
        licence="MIT (serengil/retinaface)",
        needs=("retinaface",),
        five_landmarks=True,
    ),
    # DeepFace's RetinaFace asks for Keras 2 there.
    OptionalWeights(
        role=Role.DETECTOR,
        name="retinaface",
        backends=(Backend.TENSORFLOW,),
        files=(
            WeightsFile(
                "retinaface.h5",
                _release("retinaface.h5"),
                sha256="ecb2393a89da3dd3d6796ad86660e298f62a0c8ae7578d92eb6af14e0bb93adf",
                size_bytes=118_667_368,
            ),
        ),
        licence="MIT (serengil/retinaface)",
        needs=("retinaface", "tensorflow", "tf_keras"),
        five_landmarks=True,
    ),
    OptionalWeights(
        role=Role.DETECTOR,
        name="ssd",
        backends=tuple(Backend),
        files=(
            WeightsFile(
                "deploy.prototxt",
                ("https://github.com/opencv/opencv/raw/3.4.0/samples/dnn/face_detector/deploy.prototxt",),
            ),
            WeightsFile(
                "res10_300x300_ssd_iter_140000.caffemodel",
                (f"{_OPENCV_3RDPARTY}/res10_300x300_ssd_iter_140000.caffemodel",),
            ),
        ),
        licence="BSD-3-Clause (OpenCV 3.4)",
    ),
    OptionalWeights(
        role=Role.DETECTOR,
        name="centerface",
        backends=tuple(Backend),
        files=(
            WeightsFile(
                "centerface.onnx", ("https://github.com/Star-Clouds/CenterFace/raw/master/models/onnx/centerface.onnx",)
            ),
        ),
        licence="MIT (Star-Clouds/CenterFace)",
    ),
    _packaged_detector("opencv", "Apache-2.0 (OpenCV)", ("cv2",)),
    _packaged_detector("dlib", "CC0-1.0 (dlib's models)", ("dlib",), (DLIB_LANDMARKS,)),
    _packaged_detector("mediapipe", "Apache-2.0 (Google)", ("mediapipe",)),
    _packaged_detector("fastmtcnn", "MIT (timesler/facenet-pytorch)", ("facenet_pytorch", "torch")),
    _yolo("yolov8n", "yolov8n-face.pt", "https://drive.google.com/uc?id=1qcr9DbgsX3ryrz2uU8w4Xm3cOrRywXqb"),
    _yolo("yolov8m", "yolov8m-face.pt", f"{_YAPALAB}/yolov8m-face.pt"),
    _yolo("yolov8l", "yolov8l-face.pt", f"{_YAPALAB}/yolov8l-face.pt"),
    _yolo("yolov11n", "yolov11n-face.pt", f"{_AKANAMETOV}/yolov11n-face.pt"),
    _yolo("yolov11s", "yolov11s-face.pt", f"{_AKANAMETOV}/yolov11s-face.pt"),
    _yolo("yolov11m", "yolov11m-face.pt", f"{_AKANAMETOV}/yolov11m-face.pt"),
    _yolo("yolov11l", "yolov11l-face.pt", f"{_YAPALAB}/yolov11l-face.pt"),
    _yolo("yolov12n", "yolov12n-face.pt", f"{_YAPALAB}/yolov12n-face.pt"),
    _yolo("yolov12s", "yolov12s-face.pt", f"{_YAPALAB}/yolov12s-face.pt"),
    _yolo("yolov12m", "yolov12m-face.pt", f"{_YAPALAB}/yolov12m-face.pt"),
    _yolo("yolov12l", "yolov12l-face.pt", f"{_YAPALAB}/yolov12l-face.pt"),
    MINIFASNET,
)
