"""What the rounds add up to: a table for people, the same for programs."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.chaos.rounds import Round, Run


def figures(run: Run) -> dict[str, Any]:
    told, last = run.diary.told, run.last
    return {
        "store": run.store,
        "seed": run.seed,
        "rounds": len(run.rounds),
        "seconds": round(sum(one.seconds for one in run.rounds)),
        "kills": sum(one.killed for one in run.rounds),
        "steps_not_reached": sum(one.not_reached for one in run.rounds),
        "asked": len(run.diary.asked),
        "accepted": run.diary.accepted,
        "delivered": last.stored,
        "lost": last.lost,
        "duplicated": last.duplicated,
        "repaired": sum(one.verdict.repaired for one in run.rounds),
        "5xx_without_reason": sum("without a reason" in wrong for wrong in run.diary.wrong),
        "faults": [fault for one in run.rounds for fault in one.verdict.faults],
        "answers": dict(told.most_common()),
        "kills_by_step": _count(one for one in run.rounds if one.killed),
        "other_faults": _count(one for one in run.rounds if not one.killed and not one.not_reached),
        "not_reached": _count(one for one in run.rounds if one.not_reached),
    }


def _count(rounds: Iterable[Round]) -> dict[str, int]:
    return dict(sorted(Counter(one.incident for one in rounds).items()))


def table(found: dict[str, Any]) -> str:
    """One column of names and one of numbers."""
    plain = [(name.replace("_", " "), value) for name, value in found.items() if not isinstance(value, dict | list)]
    counted = [row for name in ("kills_by_step", "other_faults", "answers") for row in (("", ""), *found[name].items())]
    rows = [*plain, *counted]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:{width}}  {value}".rstrip() for name, value in rows]
    return "\n".join([*lines, *found["faults"]])
