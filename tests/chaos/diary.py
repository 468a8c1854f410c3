"""What clients asked and what they were told, kept by the clients themselves."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx

_OK, _BUSY = 200, 503


@dataclass(slots=True)
class Asked:
    """One recognition that a client wants recorded, under an id of the client's own."""

    event_id: UUID
    person_id: str
    picture: bytes
    captured_at: str | None
    safe: bool = False  # the client was told that it is kept
    settled: bool = False  # the client has an answer that it takes for final


@dataclass(slots=True)
class Diary:
    asked: dict[UUID, Asked] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)  # every answer there was
    wrong: list[str] = field(default_factory=list)  # answers that nobody should get

    def ask(self, asked: Asked) -> None:
        self.asked[asked.event_id] = asked

    def note_silence(self, error: Exception) -> None:
        """No answer: the recognition may be kept or not."""
        self.told[f"no answer ({type(error).__name__})"] += 1

    def note(self, asked: Asked, response: httpx.Response) -> None:
        if response.status_code == _OK:
            self._note_decision(asked, response)
        elif response.is_server_error:
            self._note_refusal(response)
        else:
            asked.settled = response.status_code not in {408, 429}
            self.told[f"{response.status_code} {_code(response)}"] += 1

    def _note_decision(self, asked: Asked, response: httpx.Response) -> None:
        body = response.json()
        asked.settled = True
        attendance = body["attendance"]
        if attendance is None:
            self.told[f"not recorded ({body['decision']})"] += 1
            return
        asked.safe = True
        self.told[attendance["delivery"]] += 1
        if body["person_id"] != asked.person_id or UUID(attendance["event_id"]) != asked.event_id:
            self.wrong.append(f"{asked.event_id}: answered for another person or event")
        if attendance["outcome"] == "rejected":
            self.wrong.append(f"{asked.event_id}: rejected by the logger")

    def _note_refusal(self, response: httpx.Response) -> None:
        """Only 503 with a code, a reason and when to come again is an answer."""
        code = _code(response)
        self.told[f"{response.status_code} {code}"] += 1
        if response.status_code != _BUSY or not code or "Retry-After" not in response.headers:
            self.wrong.append(f"{response.status_code} without a reason: {response.text[:200]}")

    @property
    def accepted(self) -> int:
        return sum(asked.safe for asked in self.asked.values())

    def write(self, file: Path) -> None:
        """For `python -m logger reconcile --told`."""
        lines = (
            {"event_id": str(asked.event_id), "person_id": asked.person_id, "safe": asked.safe}
            for asked in self.asked.values()
        )
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return ""
