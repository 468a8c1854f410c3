"""Recognition as the settings have it: batches for the networks, and the check that a face is alive."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import numpy as np

from recognizer.batching import MicroBatcher
from recognizer.engine.base import Chip
from recognizer.gallery.following import FollowedGallery
from recognizer.liveness.passive import p_live
from recognizer.metrics import RecognitionMetrics
from recognizer.opening.delivery import Delivery
from recognizer.opening.engine import Networks, crowd_finder, open_liveness
from recognizer.opening.gallery import OpenGallery
from recognizer.recognition import Identified
from recognizer.replays import RecordedFrames
from recognizer.service import LivenessCheck, RecognitionService
from recognizer.settings import RecognizerSettings
from recognizer.threads import OrderedThreads
from shared.clock import Clock
from shared.contracts.live import LivenessMode

MAX_BATCH = 16  # faces to a call of the network


async def open_recognition(
    stack: AsyncExitStack,
    settings: RecognizerSettings,
    *,
    networks: Networks,
    gallery: OpenGallery,
    delivery: Delivery,
    metrics: RecognitionMetrics,
    clock: Clock,
) -> RecognitionService:
    """Raises StartError."""
    return RecognitionService(
        finder=networks.finder,
        crowd_finder=crowd_finder(networks.finder),
        identify=_open_batcher(stack, settings, networks, gallery.followed),
        gallery=gallery.holder,
        executor=networks.threads,
        policy=networks.chosen.policy,
        threshold_from=networks.chosen.source,
        engine=networks.name,
        publisher=delivery.publisher,
        clock=clock,
        observe=metrics.observe,
        max_frames=settings.max_frames,
        delivery_budget_s=settings.delivery_budget_s,
        tallies=delivery.tallies,
        recorded=RecordedFrames(settings.replay_window_s),
        max_frame_age=timedelta(seconds=settings.max_frame_age_s),
        liveness=await _open_liveness_check(stack, settings, networks.threads),
    )


def _open_batcher(
    stack: AsyncExitStack, settings: RecognizerSettings, networks: Networks, gallery: FollowedGallery
) -> MicroBatcher[Chip, Identified]:
    def identify(chips: Sequence[Chip]) -> Sequence[Identified]:
        templates = networks.engine.embedder.embed(np.stack(chips))
        return [Identified(*each) for each in zip(templates, gallery.current().match(templates), strict=True)]

    batcher = MicroBatcher(
        identify,
        networks.threads.ahead,
        max_batch=MAX_BATCH,
        max_waiting=settings.max_frames * 100,
        lanes=settings.workers,
    )
    stack.push_async_callback(batcher.close)
    return batcher


async def _open_liveness_check(
    stack: AsyncExitStack, settings: RecognizerSettings, threads: OrderedThreads
) -> LivenessCheck:
    if settings.liveness is not LivenessMode.PASSIVE:
        return LivenessCheck(settings.liveness)
    net = await asyncio.get_running_loop().run_in_executor(threads, open_liveness, settings)
    batcher = MicroBatcher(
        partial(p_live, net),
        threads.ahead,
        max_batch=MAX_BATCH,
        max_waiting=settings.max_frames * 100,
        lanes=settings.workers,
    )
    stack.push_async_callback(batcher.close)
    return LivenessCheck(settings.liveness, batcher, settings.min_liveness)
