"""The MongoDB store, and the one file that imports Motor.

Motor is past its end of life: only calls that PyMongo's own async client has too are used here, so that changing over
means changing the import and the name of the client. (That is why counting goes through `command`: `aggregate` is the
one call where the two differ.)

No transactions, so that a single server will do. What keeps attendance right without them:

1. The event is inserted under its id. Of any number of copies one insertion succeeds.
2. Its attendance record is upserted with operations that can be repeated and reordered: `$setOnInsert`, `$max`, and a
   `$set` on the condition that this sighting is an earlier one.
3. The outcome is written to the event: `recorded` when the record names it as its maker, so that whoever works this
   out, and however often, finds the same.

A crash between two steps leaves an event without an outcome. The retry of the event, or `reconcile`, takes it from
there. Every step is written with `w=majority, j=true`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import IndexModel, UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from logger.domain.attendance import Attendance, AttendanceKey, rebuild
from logger.domain.sightings import NO_RECORD, LoggedSighting, Sighting
from logger.errors import StartError, StoreUnavailable, StoreUnusable
from logger.store import mongo_privacy, mongo_rows
from logger.store.base import (
    Acknowledgement,
    AttendanceFilter,
    EventFilter,
    Page,
    Position,
    Reconciliation,
    Recorded,
    StoredKey,
    Touched,
)
from logger.store.documents import (
    attendance_document,
    attendance_from,
    attendance_position,
    event_document,
    event_position,
    from_us,
    key_document,
    key_from,
    logged_from,
    sighting_from,
    to_us,
)
from logger.store.gathering import Gathering
from logger.store.indexes import INDEXES
from logger.store.kinds import TABLES
from logger.store.preparation import Preparation
from logger.store.tables import Row, Selection, Table
from shared.contracts.events import AttendanceStatus, Outcome

Value = TypeVar("Value")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
Document: TypeAlias = Mapping[str, Any]

DEFAULT_DATABASE = "rollcall"
SELECTION_TIMEOUT_MS = 1_500  # below a readiness probe's patience
SOCKET_TIMEOUT_MS = 10_000
WRITE_TIMEOUT_MS = 5_000
DUPLICATE_KEY = 11_000
UPSERT_ATTEMPTS = 3
MAX_GATHERED = 1_000  # sightings to a round of writes
_DUPLICATE = Recorded(Outcome.DUPLICATE)  # of an event without a record

_LAST = ("last_us", "last_seen")
_FIRST = (
    "first_us",
    "first_seen",
    "first_event",
    "person",
    "name",
    "source",
    "method",
)  # what the earliest one decides


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise StoreUnavailable("The database does not answer at the moment") from error


class MongoStore:
    """Implements Store."""

    def __init__(
        self, url: str, *, selection_timeout_ms: int = SELECTION_TIMEOUT_MS, max_gathered: int = MAX_GATHERED
    ) -> None:
        """Connects on first use, and gives up when no server can be written to for `selection_timeout_ms`. Recordings
        that wait share their round trips while they come to no more than `max_gathered` sightings.

        Raises StartError when the address cannot be read.
        """
        try:
            self._client: Any = AsyncIOMotorClient(
                url,
                w="majority",
                journal=True,
                wTimeoutMS=WRITE_TIMEOUT_MS,
                serverSelectionTimeoutMS=selection_timeout_ms,
                connectTimeoutMS=selection_timeout_ms,
                socketTimeoutMS=SOCKET_TIMEOUT_MS,
                tz_aware=True,
                uuidRepresentation="standard",
            )
            self._database: Any = self._client.get_default_database(DEFAULT_DATABASE)
        except (PyMongoError, ValueError) as error:  # ValueError: a port or a name that is none
            raise StartError(f"LOGGER_STORE_URL is not an address of MongoDB: {error}") from error
        self._events = self._database["events"]
        self._attendance = self._database["attendance"]
        self._api_keys = self._database["api_keys"]
        self._preparation = Preparation(self._make_indexes)
        self._sightings = Gathering(self._record, max_items=max_gathered, shared_errors=StoreUnavailable)

    async def prepare(self) -> None:
        await self._preparation.done()

    async def check(self) -> None:
        await self.prepare()
        with _translated():
            await self._client.admin.command("ping")

    async def close(self) -> None:
        await self._preparation.stop()
        await self._sightings.drained()
        self._client.close()

    async def record(self, sightings: Sequence[Sighting]) -> list[Recorded]:
        await self.prepare()
        return list(await self._sightings.add(sightings))

    async def acknowledge(self, key: AttendanceKey, *, seen_since: datetime, at: datetime) -> Acknowledgement:
        await self.prepare()
        record_id = key.record_id
        with _translated():
            marked = await self._attendance.update_one(
                {"_id": record_id, "acknowledged_us": None, "last_us": {"$gte": to_us(seen_since)}},
                {"$set": {"acknowledged_us": to_us(at), "acknowledged_at": at}},
            )
            if marked.modified_count:
                return Acknowledgement.FIRST
            there = await self._attendance.find_one({"_id": record_id}, {"_id": 1})
        return Acknowledgement.ABSENT if there is None else Acknowledgement.AGAIN

    async def set_status(self, key: AttendanceKey, status: AttendanceStatus) -> None:
        await self.prepare()
        with _translated():
            await self._attendance.update_one({"_id": key.record_id}, {"$set": {"status": status.value}})

    async def attendance_of(self, record_id: str) -> Attendance | None:
        await self.prepare()
        with _translated():
            document = await self._attendance.find_one({"_id": record_id})
            counts = await self._count_events([record_id])
        return None if document is None else attendance_from({**document, "events": counts.get(record_id, 0)})

    async def attendance_page(self, where: AttendanceFilter, *, after: Position | None, limit: int) -> Page[Attendance]:
        await self.prepare()
        wanted = _given(
            local_date=_between(where.first_date, where.last_date),
            person_id=where.person_id,
            scope=where.scope,
            session_id=where.session_id,
            status=where.status,
            method=where.method,
        )
        with _translated():
            if where.class_id is not None:
                wanted["session_id"] = {"$in": await self._sessions_of(where.class_id, where.session_id)}
            documents = await _newest_first(self._attendance, ("first_us", "id"), wanted, after, limit)
            counts = await self._count_events([document["_id"] for document in documents])
        records = [attendance_from({**document, "events": counts.get(document["_id"], 0)}) for document in documents]
        return Page.cut(records, limit, attendance_position)

    async def _sessions_of(self, class_id: str, session_id: str | None) -> list[str]:
        """The ids of the class's sessions; of one session alone when that is asked for."""
        found = self._database["r_sessions"].find({"terms.class": class_id}, {"_id": 1})
        return [one["_id"] async for one in found if session_id in {None, one["_id"]}]

    async def events_page(self, where: EventFilter, *, after: Position | None, limit: int) -> Page[LoggedSighting]:
        await self.prepare()
        wanted = _given(
            local_date=_between(where.first_date, where.last_date),
            person_id=where.person_id,
            source=where.source,
            outcome=where.outcome or {"$ne": None},
        )
        with _translated():
            documents = await _newest_first(self._events, ("captured_us", "event_id"), wanted, after, limit)
        return Page.cut([logged_from(document) for document in documents], limit, event_position)

    async def reconcile(self) -> Reconciliation:
        await self.prepare()
        with _translated():
            repaired = 0
            async for group in self._events_by_record():
                repaired += await self._repair(group)
            events = await self._events.count_documents({})
            records = await self._attendance.count_documents({})
        return Reconciliation(events=events, attendance=records, repaired=repaired)

    async def pseudonymize(self, person_id: str, pseudonym: str) -> Touched:
        return await self._in_rows(mongo_privacy.pseudonymize, person_id, pseudonym)

    async def forget_before(self, day: date) -> Touched:
        return await self._in_rows(mongo_privacy.forget_before, day.isoformat())

    async def load(self, table: Table[Value], key: str) -> Row[Value] | None:
        return await self._in_rows(mongo_rows.load, table, key)

    async def load_many(self, table: Table[Value], keys: Sequence[str]) -> dict[str, Row[Value]]:
        return await self._in_rows(mongo_rows.load_many, table, keys)

    async def save(self, table: Table[Value], value: Value, version: int | None) -> Row[Value]:
        return await self._in_rows(mongo_rows.save, table, value, version)

    async def save_many(self, table: Table[Value], values: Sequence[Value]) -> None:
        await self._in_rows(mongo_rows.save_many, table, values)

    async def remove(self, table: Table[Any], key: str) -> bool:
        return await self._in_rows(mongo_rows.remove, table, key)

    async def remove_many(self, table: Table[Any], keys: Sequence[str]) -> int:
        return await self._in_rows(mongo_rows.remove_many, table, keys)

    async def select(self, table: Table[Value], selection: Selection) -> list[Row[Value]]:
        return await self._in_rows(mongo_rows.select, table, selection)

    async def count(self, table: Table[Any], terms: Mapping[str, str]) -> int:
        return await self._in_rows(mongo_rows.count, table, terms)

    async def tally(self, table: Table[Any], term: str, selection: Selection) -> dict[str, int]:
        return await self._in_rows(mongo_rows.tally, table, term, selection)

    async def _in_rows(
        self,
        work: Callable[Concatenate[Any, Arguments], Awaitable[Result]],
        *given: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        await self.prepare()
        with _translated():
            return await work(self._database, *given, **named)

    async def save_key(self, key: StoredKey) -> None:
        await self.prepare()
        document = key_document(key)
        with _translated():
            await self._api_keys.replace_one({"_id": document["_id"]}, document, upsert=True)

    async def keys(self) -> list[StoredKey]:
        await self.prepare()
        with _translated():
            documents = await self._api_keys.find({}).sort([("created_us", 1), ("_id", 1)]).to_list(None)
        return [key_from(document) for document in documents]

    async def _make_indexes(self) -> None:
        with _translated():
            for collection, indexes in INDEXES.items():
                models = [IndexModel(list(index.keys), name=index.name, unique=index.unique) for index in indexes]
                try:
                    await self._database[collection].create_indexes(models)
                except OperationFailure as error:
                    raise StoreUnusable(f"The indexes of {collection} cannot be made") from error
            try:
                await mongo_rows.create_indexes(self._database, TABLES)
            except OperationFailure as error:
                raise StoreUnusable("The indexes of the school's own tables cannot be made") from error

    async def _record(self, sightings: Sequence[Sighting]) -> list[Recorded]:
        with _translated():
            return await self._record_each(sightings)

    async def _record_each(self, sightings: Sequence[Sighting]) -> list[Recorded]:
        firsts: dict[str, Sighting] = {}
        for sighting in sightings:
            firsts.setdefault(str(sighting.event_id), sighting)
        fresh = await self._insert(firsts)
        known = await self._find_events(firsts.keys() - fresh)
        unfinished = [sighting_from(one) for one in known.values() if one["outcome"] is None]
        counted = [one for event_id, one in firsts.items() if event_id in fresh and one.not_counted is None]
        await self._attend(counted + unfinished)
        kept = {**{event_id: event_document(firsts[event_id]) for event_id in fresh}, **known}
        records = await self._find_records({event["attendance_id"] for event in kept.values()} - {NO_RECORD})
        await self._settle([str(one.event_id) for one in (*counted, *unfinished)], kept, records)
        return list(_answers(sightings, fresh, kept, records))

    async def _insert(self, sightings: Mapping[str, Sighting]) -> set[str]:
        """The ids that were not here before."""
        documents = [event_document(sighting) for sighting in sightings.values()]
        try:
            await self._events.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            there = {documents[place]["_id"] for place in _places_of_duplicates(error)}
            return sightings.keys() - there
        return set(sightings)

    async def _find_events(self, event_ids: Collection[str]) -> dict[str, Document]:
        found = await _find_by_ids(self._events, event_ids)
        if len(found) != len(event_ids):
            raise StoreUnavailable("An event was removed while it was looked at")
        return found

    async def _find_records(self, record_ids: Collection[str]) -> dict[str, Document]:
        found = await _find_by_ids(self._attendance, record_ids)
        if len(found) != len(record_ids):
            raise StoreUnavailable("An attendance record is missing; reconcile brings it back")
        return found

    async def _attend(self, sightings: Iterable[Sighting]) -> None:
        """Step 2, for any number of sightings; the first of each record, in this order, is its maker."""
        groups: dict[str, list[Sighting]] = {}
        for sighting in sightings:
            groups.setdefault(sighting.key.record_id, []).append(sighting)
        operations = [operation for group in groups.values() for operation in _extension(group)]
        for attempt in range(UPSERT_ATTEMPTS if operations else 0):
            try:
                await self._attendance.bulk_write(operations)
            except BulkWriteError as error:
                # Two upserts of one record may collide; the second time the record is there.
                _places_of_duplicates(error)
                if attempt == UPSERT_ATTEMPTS - 1:
                    raise
            else:
                return

    async def _settle(
        self, event_ids: Iterable[str], events: Mapping[str, Document], records: Mapping[str, Document]
    ) -> None:
        """Step 3."""
        operations = [
            UpdateOne(
                {"_id": event_id, "outcome": None},
                {"$set": {"outcome": _outcome(event_id, records[events[event_id]["attendance_id"]]).value}},
            )
            for event_id in event_ids
        ]
        if operations:
            await self._events.bulk_write(operations, ordered=False)

    async def _count_events(self, record_ids: Sequence[str]) -> dict[str, int]:
        """Counted where they are: a counter in the record would be wrong after the first retry."""
        if not record_ids:
            return {}
        pipeline = [
            {"$match": {"attendance_id": {"$in": list(record_ids)}}},
            {"$group": {"_id": "$attendance_id", "events": {"$sum": 1}}},
        ]
        answer = await self._database.command(
            {"aggregate": "events", "pipeline": pipeline, "cursor": {"batchSize": len(record_ids) + 1}}
        )
        return {group["_id"]: group["events"] for group in answer["cursor"]["firstBatch"]}

    async def _events_by_record(self) -> AsyncIterator[list[Document]]:
        group: list[Document] = []
        async for event in self._events.find({"attendance_id": {"$ne": NO_RECORD}}).sort(
            [("attendance_id", 1), ("captured_us", 1)]
        ):
            if group and group[0]["attendance_id"] != event["attendance_id"]:
                yield group
                group = []
            group.append(event)
        if group:
            yield group

    async def _repair(self, group: Sequence[Document]) -> bool:
        """Whether the record of these events was missing or behind them, or one of them had no outcome yet."""
        # The event that was answered `recorded` stays the maker of the record.
        makers_first = sorted(group, key=lambda event: event["outcome"] != Outcome.RECORDED)
        sightings = [sighting_from(event) for event in makers_first]
        record_id = group[0]["attendance_id"]
        unfinished = [event["_id"] for event in group if event["outcome"] is None]
        known = await self._attendance.find_one({"_id": record_id})
        if not unfinished and known is not None and not _is_behind(known, rebuild(sightings, None)):
            return False
        await self._attend(sightings)
        events = {event["_id"]: event for event in group}
        await self._settle(unfinished, events, await self._find_records({record_id}))
        return True


def _extension(group: Sequence[Sighting]) -> list[UpdateOne]:
    """What makes one record of these sightings, or extends it: repeatable, and in any order with others like it."""
    document = attendance_document(rebuild(group, None))
    record_id, first_us, first_event = document.pop("_id"), document["first_us"], document["first_event"]
    last = {name: document.pop(name) for name in _LAST}
    first = {name: document[name] for name in _FIRST}
    document["created_by"] = str(group[0].event_id)
    is_this = {"_id": record_id}
    is_later = {"$or": [{"first_us": {"$gt": first_us}}, {"first_us": first_us, "first_event": {"$gt": first_event}}]}
    return [
        UpdateOne(is_this, {"$setOnInsert": document, "$max": last}, upsert=True),
        UpdateOne(_both(is_this, is_later), {"$set": first}),
    ]


def _answers(
    sightings: Iterable[Sighting], fresh: Iterable[str], kept: Mapping[str, Document], records: Mapping[str, Document]
) -> Iterator[Recorded]:
    """The first copy of a fresh event gets its outcome, the others are duplicates."""
    unanswered = set(fresh)
    for sighting in sightings:
        event_id = str(sighting.event_id)
        event = kept[event_id]
        if event["digest"] != sighting.digest:
            yield Recorded(Outcome.REJECTED)
            continue
        is_first = event_id in unanswered
        unanswered.discard(event_id)
        if event["attendance_id"] == NO_RECORD:
            yield Recorded(Outcome(event["outcome"]), session_id=event["session_id"]) if is_first else _DUPLICATE
            continue
        record = records[event["attendance_id"]]
        outcome = _outcome(event_id, record) if is_first else Outcome.DUPLICATE
        yield Recorded(outcome, AttendanceStatus(record["status"]), record["session_id"], from_us(record["first_us"]))


def _is_behind(known: Document, record: Attendance) -> bool:
    earliest = (to_us(record.first_seen), str(record.first_event))
    return (known["first_us"], known["first_event"]) > earliest or known["last_us"] < to_us(record.last_seen)


def _outcome(event_id: str, record: Document) -> Outcome:
    return Outcome.RECORDED if record["created_by"] == event_id else Outcome.ALREADY_MARKED


def _places_of_duplicates(error: BulkWriteError) -> list[int]:
    """Where in the batch the unique keys objected. Raises the error when it says anything else."""
    details = error.details
    failures = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(failure["code"] != DUPLICATE_KEY for failure in failures):
        raise error
    return [failure["index"] for failure in failures]


async def _find_by_ids(collection: Any, ids: Collection[str]) -> dict[str, Document]:
    if not ids:
        return {}
    documents = await collection.find({"_id": {"$in": list(ids)}}).to_list(None)
    return {document["_id"]: document for document in documents}


async def _newest_first(
    collection: Any, order: tuple[str, str], wanted: dict[str, Any], after: Position | None, limit: int
) -> list[Document]:
    """One page, and one document more to know whether another page follows."""
    instant, identity = order
    if after is not None:
        same_instant = {instant: after.instant_us, identity: {"$lt": after.id}}
        behind = {"$or": [{instant: {"$lt": after.instant_us}}, same_instant]}
        wanted = _both(wanted, behind)
    cursor = collection.find(wanted).sort([(instant, -1), (identity, -1)]).limit(limit + 1)
    documents: list[Document] = await cursor.to_list(None)
    return documents


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """An `$and` in so many words: nx-27017 0.8.1 forgets conditions that stand beside an `$or`."""
    return {"$and": [one, other]} if one else other


def _given(**conditions: Any) -> dict[str, Any]:
    return {name: value for name, value in conditions.items() if value is not None}


def _between(first: date | None, last: date | None) -> str | dict[str, str] | None:
    """One day is asked for as such: then an index of day and instant gives its documents in order."""
    if first is not None and first == last:
        return first.isoformat()
    limits = {"$gte": first, "$lte": last}
    return {sign: day.isoformat() for sign, day in limits.items() if day is not None} or None
