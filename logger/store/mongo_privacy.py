"""Pseudonyms and forgetting in MongoDB. Without transactions, so in steps that can be repeated: a new record first,
then its events, then the old record's end."""

from typing import Any

from logger.domain.attendance import AttendanceKey
from logger.store.base import Touched

_PART = 1_000  # records to a round of writes


async def pseudonymize(database: Any, person_id: str, pseudonym: str) -> Touched:
    records = await database["attendance"].find({"person_id": person_id}).to_list(None)
    fields = {"person_id": pseudonym, "person": pseudonym, "name": pseudonym}
    events = 0
    for record in records:
        new_id = AttendanceKey(record["scope"], pseudonym).record_id
        renamed = {**record, **fields, "_id": new_id, "id": new_id}
        await database["attendance"].replace_one({"_id": new_id}, renamed, upsert=True)
        moved = await database["events"].update_many(
            {"attendance_id": record["_id"]}, {"$set": {**fields, "attendance_id": new_id}}
        )
        await database["attendance"].delete_one({"_id": record["_id"]})
        events += moved.modified_count
    others = await database["events"].update_many({"person_id": person_id}, {"$set": fields})
    return Touched(events=events + others.modified_count, attendance=len(records))


async def forget_before(database: Any, day: str) -> Touched:
    """A record's events go with it, also those of a session that went on after midnight."""
    older = {"local_date": {"$lt": day}}
    events = attendance = 0
    while records := await database["attendance"].find(older, {"_id": 1}).limit(_PART).to_list(None):
        ids = [record["_id"] for record in records]
        events += (await database["events"].delete_many({"attendance_id": {"$in": ids}})).deleted_count
        attendance += (await database["attendance"].delete_many({"_id": {"$in": ids}})).deleted_count
    events += (await database["events"].delete_many(older)).deleted_count
    return Touched(events=events, attendance=attendance)
