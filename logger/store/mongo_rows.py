"""Rows in MongoDB: a collection for each kind. Given the database's handle; the driver itself stays in mongo.py."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pymongo import IndexModel, ReplaceOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from logger.errors import Outdated, Taken
from logger.store.tables import NEW, Row, Selection, Table

Value = TypeVar("Value")

_DUPLICATE_KEY = 11_000
_TAKEN = "Another one has this already"
_OUTDATED = "It was changed by somebody else in the meantime"


async def create_indexes(database: Any, tables: Iterable[Table[Any]]) -> None:
    for table in tables:
        indexes = [IndexModel([("place", 1), ("key", 1)], name="place")]
        if table.unindexed:
            counted = [(f"terms.{term}", 1) for term in sorted(table.unindexed)]
            indexes.append(IndexModel([("place", 1), *counted], name="counted"))  # a tally reads no documents
        for term in table.terms.keys() - table.unindexed:
            if term in table.unique:
                # Rows without the term hold their own key in its place, so that no partial index is needed.
                indexes.append(IndexModel([(f"unique.{term}", 1)], name=term, unique=True))
            else:
                indexes.append(IndexModel([(f"terms.{term}", 1), ("place", 1), ("key", 1)], name=term))
        await database[f"r_{table.name}"].create_indexes(indexes)


async def load(database: Any, table: Table[Value], key: str) -> Row[Value] | None:
    found = await database[f"r_{table.name}"].find_one({"_id": key})
    return None if found is None else _row(table, found)


async def load_many(database: Any, table: Table[Value], keys: Sequence[str]) -> dict[str, Row[Value]]:
    found = database[f"r_{table.name}"].find({"_id": {"$in": list(keys)}})
    return {document["_id"]: _row(table, document) async for document in found}


async def save(database: Any, table: Table[Value], value: Value, version: int | None) -> Row[Value]:
    if version is None:
        return await _save_over(database, table, value)
    document = _document(table, value, version + 1)
    rows = database[f"r_{table.name}"]
    try:
        if version == NEW:
            await rows.insert_one(document)
        elif not (await rows.replace_one({"_id": document["_id"], "version": version}, document)).matched_count:
            raise Outdated(_OUTDATED)
    except DuplicateKeyError as error:
        if version == NEW and await rows.find_one({"_id": document["_id"]}, {"_id": 1}) is not None:
            raise Outdated(_OUTDATED) from error
        raise Taken(_TAKEN) from error
    return Row(value, version + 1)


async def save_many(database: Any, table: Table[Value], values: Sequence[Value]) -> None:
    if not values:
        return
    known = await load_many(database, table, [table.key(value) for value in values])
    writes = []
    for value in values:
        row = known.get(table.key(value))
        document = _document(table, value, 1 if row is None else row.version + 1)
        writes.append(ReplaceOne({"_id": document["_id"]}, document, upsert=True))
    try:
        await database[f"r_{table.name}"].bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        if all(one.get("code") == _DUPLICATE_KEY for one in (error.details or {}).get("writeErrors", [])):
            raise Taken(_TAKEN) from error
        raise


async def remove(database: Any, table: Table[Any], key: str) -> bool:
    return bool((await database[f"r_{table.name}"].delete_one({"_id": key})).deleted_count)


async def remove_many(database: Any, table: Table[Any], keys: Sequence[str]) -> int:
    return int((await database[f"r_{table.name}"].delete_many({"_id": {"$in": list(keys)}})).deleted_count)


async def select(database: Any, table: Table[Value], wanted: Selection) -> list[Row[Value]]:
    way = -1 if wanted.descending else 1
    found = database[f"r_{table.name}"].find(_filter(table, wanted)).sort([("place", way), ("key", way)])
    return [_row(table, document) async for document in found.limit(wanted.limit)]


async def count(database: Any, table: Table[Any], terms: Mapping[str, str]) -> int:
    return int(await database[f"r_{table.name}"].count_documents(_filter(table, Selection(terms=terms))))


async def tally(database: Any, table: Table[Any], term: str, wanted: Selection) -> dict[str, int]:
    stages = [
        {"$match": _filter(table, replace(wanted, after=None))},
        {"$group": {"_id": f"$terms.{term}", "times": {"$sum": 1}}},
    ]
    groups = await database[f"r_{table.name}"].aggregate(stages).to_list(None)
    return {group["_id"]: int(group["times"]) for group in groups if group["_id"] is not None}


async def _save_over(database: Any, table: Table[Value], value: Value) -> Row[Value]:
    while True:  # until nobody else came between the look and the save
        present = await load(database, table, table.key(value))
        try:
            return await save(database, table, value, NEW if present is None else present.version)
        except Outdated:
            continue


def _filter(table: Table[Any], wanted: Selection) -> dict[str, Any]:
    unknown = wanted.terms.keys() - table.terms.keys()
    if unknown:
        raise ValueError(f"{table.name} has no term {', '.join(sorted(unknown))}")
    conditions: dict[str, Any] = {f"terms.{term}": value for term, value in wanted.terms.items()}
    ends = {"$gte": wanted.first, "$lte": wanted.last}
    if span := {end: place for end, place in ends.items() if place is not None}:
        conditions["place"] = span
    if wanted.after is not None:
        beyond = "$lt" if wanted.descending else "$gt"
        same = {"place": wanted.after.order, "key": {beyond: wanted.after.key}}
        conditions["$or"] = [{"place": {beyond: wanted.after.order}}, same]
    return conditions


def _document(table: Table[Value], value: Value, version: int) -> dict[str, Any]:
    key, terms = table.key(value), table.terms_of(value)
    return {
        "_id": key,
        "key": key,
        "version": version,
        "place": table.order(value),
        "terms": terms,
        "unique": {term: terms[term] if terms[term] is not None else f"\x01{key}" for term in table.unique},
        "body": table.write(value),
    }


def _row(table: Table[Value], document: Mapping[str, Any]) -> Row[Value]:
    return Row(table.read(document["body"]), int(document["version"]))
