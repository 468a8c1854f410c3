"""The arguments of the commands that measure. Light, as `choices` is."""

import argparse
from pathlib import Path

from recognizer.engine.views import Views
from recognizer.evaluation.choices import Combination, FaceChoice


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    photos = parser.add_mutually_exclusive_group(required=True)
    photos.add_argument("--known", type=Path, help="a folder of folders, one a person")
    photos.add_argument("--pairs", type=Path, help="a list of pairs in the format of LFW's pairs.txt; with --images")
    photos.add_argument("--spoof", type=Path, help="a folder with real/ and a folder for each kind of attack")
    parser.add_argument(
        "--attacks-from", type=Path, help="with --spoof: make videos of attacks from these photos first"
    )
    parser.add_argument("--images", type=Path, help="the folder that --pairs speaks of: name/name_0001.jpg")
    parser.add_argument("--strangers", type=Path, help="a folder of photos of other people; with --known")
    parser.add_argument(
        "--enroll",
        type=_positive,
        nargs="+",
        default=[1, 3],
        help="photos of each person to enrol; the others are probes",
    )
    parser.add_argument(
        "--face",
        choices=[choice.value for choice in FaceChoice],
        default=FaceChoice.CENTRE.value,
        help="which face of a photo: the one nearest its centre, or the only one in the foreground",
    )
    parser.add_argument(
        "--templates",
        choices=[each.value for each in Combination],
        default=Combination.CENTRE.value,
        help="how a person's photos become one score; the service uses their centre",
    )
    views = [each.value for each in Views]
    parser.add_argument("--views", choices=views, help="of a face before the camera, instead of RECOGNIZER_VIEWS")
    parser.add_argument("--enroll-views", choices=views, help="of a photo, instead of RECOGNIZER_ENROLL_VIEWS")
    parser.add_argument("--closer", type=float, default=1.0, help="draw the face so many times larger than usual")
    parser.add_argument("--align", choices=("usual", "box"), default="usual", help="box: by the box and the eyes alone")
    parser.add_argument("--out", type=Path, help="a folder for report.json and report.html")


def add_calibrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fpir", type=_share, default=0.01, help="the share of strangers that may be named; 0.01")
    parser.add_argument("--people", type=_positive, help="who will be enrolled one day; as many as there are now")
    parser.add_argument("--dry-run", action="store_true", help="say what would be used, and change nothing")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise ValueError
    return value
