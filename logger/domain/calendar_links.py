"""Secret addresses by which calendar programs, which cannot sign in, read a schedule."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """What is kept of an address; the address itself was shown once. It reads what its account may see at the time."""

    digest: str = field(repr=False)
    account_id: str
    class_id: str | None  # None: whatever the account teaches
    made_at: datetime

    @property
    def about(self) -> str:
        """An account has one address for each of these."""
        return self.account_id if self.class_id is None else f"{self.account_id}/{self.class_id}"
