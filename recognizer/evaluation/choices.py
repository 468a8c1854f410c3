"""What can be chosen for an evaluation. Light, because the command line reads it before it knows the command."""

from enum import StrEnum


class FaceChoice(StrEnum):
    CENTRE = "centre"  # the face nearest the picture's centre: what the labels of LFW speak of
    SERVICE = "service"  # as POST /recognize does: several people before the camera are refused


class Combination(StrEnum):
    CENTRE = "centre"  # cosine to the mean of the templates: what the service does
    MEAN = "mean"  # mean of the cosines to each template
    NEAREST = "nearest"  # cosine to the nearest template
