"""A photo to a template, or why it cannot be one: what the gallery would make of it. Synchronous; runs in an
executor."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognizer.engine.base import Embedder
from recognizer.enrolment.requests import ENGINE_FAILED, NO_FACE, SEVERAL_FACES, UNREADABLE, Rejection
from recognizer.errors import EngineFailed
from recognizer.gallery.builder import engine_key
from recognizer.gallery.cache import Template, TemplateCache
from recognizer.gallery.dataset import Photo
from recognizer.stopwatch import Stopwatch
from recognizer.vision.faces import Face, FaceFinder, foreground
from recognizer.vision.image_headers import ImageKind, sniff
from shared.web.errors import ServiceError


@dataclass(frozen=True, slots=True, eq=False)
class SeenPhoto:
    data: bytes
    kind: ImageKind
    template: Template


class PhotoReader:
    """Looks with the eyes of the gallery: the finder and the embedder that it is built with."""

    def __init__(self, finder: FaceFinder, embedder: Embedder, cache: TemplateCache) -> None:
        self._finder = finder
        self._embedder = embedder
        self._cache = cache

    def look(self, data: bytes) -> SeenPhoto | Rejection:
        """Never raises for what a photo holds."""
        kind = sniff(data)
        if kind is None:
            return Rejection(UNREADABLE, "This is no JPEG, PNG or WebP picture.")
        try:
            face = _only_face(self._finder.find(data, Stopwatch()).faces)
            if isinstance(face, Rejection):
                return face
            return SeenPhoto(data, kind, self._embedder.embed(np.stack([face.chip]))[0])
        except EngineFailed:
            return Rejection.of(ENGINE_FAILED)
        except ServiceError as error:
            return Rejection(UNREADABLE, f"{error.detail}.")

    def remember(self, files: Sequence[Photo], seen: Sequence[SeenPhoto]) -> None:
        """So that the gallery need not look at these files again, which hold those photos."""
        with suppress(OSError):  # then the gallery looks for itself
            digests = {file: hashlib.sha256(file.path.read_bytes()).digest() for file in files}
            templates = {digests[file]: photo.template for file, photo in zip(files, seen, strict=True)}
            self._cache.store(engine_key(self._finder, self._embedder), templates, digests)

    def forget(self, folders: Sequence[Path]) -> int:
        """Removes the templates of what lay in these folders from the cache; returns how many files that were."""
        return self._cache.forget(folders, keeping=())


def _only_face(faces: Sequence[Face]) -> Face | Rejection:
    """As the gallery picks it, and with a word for each reason."""
    if not faces:
        return Rejection.of(NO_FACE)
    subject, *others = foreground(faces)
    if others:
        return Rejection.of(SEVERAL_FACES)
    if subject.quality.issue is not None:
        return Rejection.poor(subject.quality.issue)
    return subject
