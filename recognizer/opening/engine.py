"""The networks as the settings have them, and who looks at pictures with them."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import cv2
import numpy as np

from recognizer.engine.base import LivenessNet
from recognizer.engine.loader import Engine, load_engine, load_liveness
from recognizer.evaluation.calibration import ChosenPolicy, choose_policy, load_calibration
from recognizer.gallery.builder import engine_key
from recognizer.settings import RecognizerSettings
from recognizer.threads import OrderedThreads
from recognizer.vision.decode import DecodeLimits
from recognizer.vision.faces import FaceFinder
from recognizer.vision.quality import QualityPolicy

ENROLMENT_MAX_PIXELS = 110_000_000  # what the operator put into dataset/ may come from a phone of 108 megapixels
# Of 24 people in a photo of 12 megapixels, their faces 60 pixels wide, all are recognized; in a frame of 1,280 pixels
# 18 are found and 11 recognized, in a quarter of the time. Faces of 40 pixels: 22, and none.
CROWD_LONGEST_SIDE = 2_560


@dataclass(frozen=True, slots=True)
class Networks:
    engine: Engine
    finder: FaceFinder  # for the pictures that clients send
    chosen: ChosenPolicy
    threads: OrderedThreads  # which decode pictures and run the engine

    @property
    def name(self) -> str:
        return f"{self.engine.embedder.name}/{self.engine.detector.name}"


async def open_networks(stack: AsyncExitStack, settings: RecognizerSettings) -> Networks:
    """Raises StartError."""
    threads = stack.enter_context(OrderedThreads(settings.workers, "model"))
    engine = await asyncio.get_running_loop().run_in_executor(threads, open_engine, settings)
    finder = face_finder(engine, settings)
    return Networks(engine, finder, match_policy(engine, finder, settings), threads)


def open_engine(settings: RecognizerSettings) -> Engine:
    """Blocks. Loaded and warmed: the first call of a network allocates what later calls find. Raises StartError."""
    cv2.setNumThreads(1)  # the executor already keeps every core busy
    engine = load_engine(
        model=settings.model,
        detector=settings.detector,
        models_dir=settings.models_dir,
        state_dir=settings.state_dir,
        backend=settings.backend,
        min_face_px=settings.min_face_px,
        views=settings.views,
        enroll_views=settings.enroll_views,
    )
    size = engine.embedder.alignment.size
    engine.embedder.embed(np.zeros((1, size, size, 3), np.uint8))
    engine.detector.detect(np.zeros((480, 640, 3), np.uint8))
    return engine


def open_liveness(settings: RecognizerSettings) -> LivenessNet:
    """Blocks. Loaded and warmed. Raises StartError."""
    net = load_liveness(settings.liveness_model, models_dir=settings.models_dir)
    net.p_live(np.zeros((1, net.cutout_px, net.cutout_px, 3), np.uint8))
    return net


def face_finder(engine: Engine, settings: RecognizerSettings) -> FaceFinder:
    limits = DecodeLimits(max_pixels=settings.max_pixels)
    return FaceFinder(engine.detector, engine.embedder.alignment, limits, quality_policy(settings))


def crowd_finder(finder: FaceFinder) -> FaceFinder:
    """For pictures of many people: looked at in more detail, because their faces are small."""
    return replace(finder, limits=replace(finder.limits, longest_side=CROWD_LONGEST_SIDE))


def enrolment_finder(finder: FaceFinder, settings: RecognizerSettings) -> FaceFinder:
    """For photos in the dataset, which may be larger than what is taken from a client."""
    return replace(finder, limits=replace(finder.limits, max_pixels=max(settings.max_pixels, ENROLMENT_MAX_PIXELS)))


def quality_policy(settings: RecognizerSettings) -> QualityPolicy:
    return QualityPolicy(
        min_size_px=settings.min_face_size_px,
        min_sharpness=settings.min_face_sharpness,
        min_brightness=settings.min_face_brightness,
        max_brightness=settings.max_face_brightness,
        max_yaw_deg=settings.max_face_yaw_deg,
        max_pitch_deg=settings.max_face_pitch_deg,
        max_roll_deg=settings.max_face_roll_deg,
    )


def match_policy(engine: Engine, finder: FaceFinder, settings: RecognizerSettings) -> ChosenPolicy:
    """Settings before calibration before the engine's defaults."""
    calibration = load_calibration(settings.state_dir, calibration_key(engine, finder))
    return choose_policy(settings.threshold, settings.margin, calibration, engine.embedder.defaults)


def calibration_key(engine: Engine, finder: FaceFinder) -> str:
    """Changes whenever a face and a person could be another distance apart."""
    return f"{engine_key(finder, engine.enroller)} probes {engine.embedder.version}"
