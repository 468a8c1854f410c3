"""The names of what can be embedded of a face; `viewed.py` does it."""

from enum import StrEnum


class Views(StrEnum):
    """What is embedded of a face. The cost of each is the number of its looks; docs/accuracy.md tells their worth."""

    PLAIN = "plain"  # the chip: one look
    MIRRORED = "mirrored"  # and its mirror image: two
    SCALED = "scaled"  # both, and both once more from closer: four
