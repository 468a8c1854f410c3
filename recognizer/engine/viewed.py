"""Several looks at one face, added up: the errors of the single looks partly cancel out."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np

from recognizer.engine.base import Chips, Embedder, Embeddings, MatchDefaults
from recognizer.engine.unit_rows import unit_rows
from recognizer.engine.views import Views

View: TypeAlias = Callable[[Chips], Chips]

_CLOSER = 1.1  # how much larger the face is drawn in the second scale


def _as_it_is(chips: Chips) -> Chips:
    return chips


def _mirrored(chips: Chips) -> Chips:
    return chips[:, :, ::-1]


def _closer(chips: Chips) -> Chips:
    """The middle of each chip, `_CLOSER` times larger."""
    size = chips.shape[1]
    placement = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), 0, _CLOSER)
    drawn = [cv2.warpAffine(chip, placement, (size, size), flags=cv2.INTER_LINEAR) for chip in chips]
    return np.asarray(drawn, np.uint8).reshape(chips.shape)


def _closer_mirrored(chips: Chips) -> Chips:
    return _mirrored(_closer(chips))


_LOOKS: Final[dict[Views, Sequence[View]]] = {
    Views.PLAIN: (_as_it_is,),
    Views.MIRRORED: (_as_it_is, _mirrored),
    Views.SCALED: (_as_it_is, _mirrored, _closer, _closer_mirrored),
}


class ViewedEmbedder:
    """An Embedder: the sum of another's answers to several views of each chip."""

    def __init__(self, embedder: Embedder, views: Views, defaults: MatchDefaults | None = None) -> None:
        """`defaults`: where the line was found to lie with these views; None takes that of `embedder`."""
        self.views = views
        self.name = embedder.name
        self.version = f"{embedder.version}-{views}"
        self.dimension = embedder.dimension
        self.alignment = embedder.alignment
        self.defaults = defaults or embedder.defaults
        self._embedder = embedder
        self._looks = _LOOKS[views]

    def embed(self, chips: Chips) -> Embeddings:
        """Unit rows, one for each chip. Raises EngineFailed when the network returns anything not finite."""
        if not len(chips):
            return np.empty((0, self.dimension), np.float32)
        rows = self._embedder.embed(np.concatenate([look(chips) for look in self._looks]))
        return unit_rows(rows.reshape(len(self._looks), len(chips), self.dimension).sum(axis=0))


def views_of(embedder: Embedder) -> Views:
    return embedder.views if isinstance(embedder, ViewedEmbedder) else Views.PLAIN
