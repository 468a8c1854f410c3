"""Who stands before a camera, from several frames instead of one. Pure: the time is given, in seconds that never go
back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recognizer.gallery.dataset import Person


@dataclass(frozen=True, slots=True)
class VisitPolicy:
    frames_needed: int = 3  # that must name a person before they are confirmed
    window_s: float = 3.0  # and how close together they must come
    left_after_s: float = 10.0  # without a frame of the person, their visit is over; no less than `window_s`


@dataclass(frozen=True, slots=True)
class Vote:
    """What one frame of one face says. Frames of nobody, or of several people, have no vote."""

    at_s: float
    person: Person | None  # None: somebody, but nobody that could be named


@dataclass(frozen=True, slots=True)
class Agreement:
    person: Person
    votes: int


def agreement(votes: Sequence[Vote]) -> Agreement | None:
    """The person whom more than half of the votes name; a tie is nobody. The order of the votes says nothing."""
    counts = Counter(vote.person.person_id for vote in votes if vote.person is not None)
    for person_id, count in counts.most_common(1):
        if 2 * count > len(votes):
            newest = max((vote for vote in votes if _names(vote, person_id)), key=lambda vote: vote.at_s)
            return None if newest.person is None else Agreement(newest.person, count)
    return None


@dataclass(frozen=True, slots=True)
class Visit:
    """What is remembered between the frames of one camera."""

    votes: tuple[Vote, ...] = ()  # within the window, oldest first
    person: Person | None = None  # who is confirmed
    number: int = 0  # of people who were confirmed; it grows when a visit begins
    last_seen_at_s: float = 0.0  # the last frame of whoever is confirmed

    @property
    def agreement(self) -> Agreement | None:
        return agreement(self.votes)

    def at(self, now_s: float, policy: VisitPolicy) -> "Visit":
        """As it is when a frame comes that has no vote."""
        recent = tuple(vote for vote in self.votes if now_s - vote.at_s < policy.window_s)
        has_left = self.person is not None and now_s - self.last_seen_at_s >= policy.left_after_s
        return replace(self, votes=recent, person=None if has_left else self.person)

    def with_vote(self, vote: Vote, policy: VisitPolicy) -> "Visit":
        before = self.at(vote.at_s, policy)
        after = replace(before, votes=(*before.votes, vote))
        if before.person is not None and _names(vote, before.person.person_id):
            return replace(after, last_seen_at_s=vote.at_s)
        return _with_arrival(after, vote, policy)


def _with_arrival(visit: Visit, newest: Vote, policy: VisitPolicy) -> Visit:
    """Only a frame of the person confirms them, though time alone can bring a majority about."""
    agreed = visit.agreement
    if newest.person is None or agreed is None or agreed.votes < policy.frames_needed:
        return visit
    if not _names(newest, agreed.person.person_id):
        return visit
    return replace(visit, person=newest.person, number=visit.number + 1, last_seen_at_s=newest.at_s)


def _names(vote: Vote, person_id: str) -> bool:
    return vote.person is not None and vote.person.person_id == person_id
