"""What a look at the dataset found, for the operator. Pure."""

from dataclasses import dataclass

from recognizer.gallery.cache import PhotoIssue
from recognizer.gallery.dataset import FolderProblem


@dataclass(frozen=True, slots=True)
class UnusedPhoto:
    path: str  # relative to the dataset
    issue: PhotoIssue
    detail: str


@dataclass(frozen=True, slots=True)
class GalleryReport:
    people: int  # who can be recognized
    photos: int  # that became templates
    looked_at: int  # because the cache did not know them
    unused: tuple[UnusedPhoto, ...] = ()
    problems: tuple[FolderProblem, ...] = ()

    def lines(self) -> list[str]:
        """For the operator: one line of sums, then one for each photo and folder that is not used."""
        people, photos = _counted(self.people, "person", "people"), _counted(self.photos, "photo", "photos")
        return [
            f"{people}, {photos} used, {self.looked_at} looked at",
            *(f"{photo.path}: {photo.issue}: {photo.detail}" for photo in self.unused),
            *(f"{folder.path}/: {folder.issue}: {folder.detail}" for folder in self.problems),
        ]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
