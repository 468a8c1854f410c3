"""Rows in SQLite: a table for each kind, with a column for each term."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from logger.errors import Outdated, Taken
from logger.store.tables import NEW, Row, Selection, Table

Value = TypeVar("Value")

_MOST_VARIABLES = 500  # to a statement

# ruff: noqa: S608 - names of tables and columns are ours, values are always bound


def create_tables(connection: sqlite3.Connection, tables: Iterable[Table[Any]]) -> None:
    for table in tables:
        columns = "".join(f", t_{term} TEXT" for term in table.terms)
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS r_{table.name} (key TEXT PRIMARY KEY, version INT NOT NULL,"
            f" place TEXT NOT NULL, body TEXT NOT NULL{columns}) STRICT"
        )
        listed = ", ".join(["place", "key", *(f"t_{term}" for term in sorted(table.unindexed))])  # counted without rows
        connection.execute(f"CREATE INDEX IF NOT EXISTS r_{table.name}_place ON r_{table.name} ({listed})")
        for term in table.terms.keys() - table.unindexed:
            kind = "UNIQUE INDEX" if term in table.unique else "INDEX"
            connection.execute(
                f"CREATE {kind} IF NOT EXISTS r_{table.name}_{term} ON r_{table.name} (t_{term}"
                + ("" if term in table.unique else ", place, key")
                + f") WHERE t_{term} IS NOT NULL"
            )


def load(connection: sqlite3.Connection, table: Table[Value], key: str) -> Row[Value] | None:
    found = connection.execute(f"SELECT version, body FROM r_{table.name} WHERE key = ?", (key,)).fetchone()
    return None if found is None else _row(table, found)


def load_many(connection: sqlite3.Connection, table: Table[Value], keys: Sequence[str]) -> dict[str, Row[Value]]:
    found: dict[str, Row[Value]] = {}
    for start in range(0, len(keys), _MOST_VARIABLES):
        part = keys[start : start + _MOST_VARIABLES]
        places = ", ".join("?" * len(part))
        rows = connection.execute(f"SELECT key, version, body FROM r_{table.name} WHERE key IN ({places})", part)
        found |= {row["key"]: _row(table, row) for row in rows}
    return found


def save(connection: sqlite3.Connection, table: Table[Value], value: Value, version: int | None) -> Row[Value]:
    key = table.key(value)
    found = connection.execute(f"SELECT version FROM r_{table.name} WHERE key = ?", (key,)).fetchone()
    present = NEW if found is None else int(found["version"])
    if version is not None and version != present:
        raise Outdated("It was changed by somebody else in the meantime")
    _put(connection, table, value, present + 1)
    return Row(value, present + 1)


def save_many(connection: sqlite3.Connection, table: Table[Value], values: Sequence[Value]) -> None:
    for value in values:
        save(connection, table, value, None)


def remove(connection: sqlite3.Connection, table: Table[Any], key: str) -> bool:
    return connection.execute(f"DELETE FROM r_{table.name} WHERE key = ?", (key,)).rowcount > 0


def remove_many(connection: sqlite3.Connection, table: Table[Any], keys: Sequence[str]) -> int:
    removed = 0
    for start in range(0, len(keys), _MOST_VARIABLES):
        part = keys[start : start + _MOST_VARIABLES]
        places = ", ".join("?" * len(part))
        removed += connection.execute(f"DELETE FROM r_{table.name} WHERE key IN ({places})", part).rowcount
    return removed


def select(connection: sqlite3.Connection, table: Table[Value], wanted: Selection) -> list[Row[Value]]:
    conditions, values = _conditions(table, wanted)
    way = "DESC" if wanted.descending else "ASC"
    query = f"SELECT version, body FROM r_{table.name}{conditions} ORDER BY place {way}, key {way} LIMIT ?"
    return [_row(table, row) for row in connection.execute(query, [*values, wanted.limit])]


def count(connection: sqlite3.Connection, table: Table[Any], terms: Mapping[str, str]) -> int:
    conditions, values = _conditions(table, Selection(terms=terms))
    return int(connection.execute(f"SELECT count(*) FROM r_{table.name}{conditions}", values).fetchone()[0])


def tally(connection: sqlite3.Connection, table: Table[Any], term: str, wanted: Selection) -> dict[str, int]:
    conditions, values = _conditions(table, replace(wanted, after=None))
    present = f"{conditions} AND" if conditions else " WHERE"
    query = f"SELECT t_{term}, count(*) FROM r_{table.name}{present} t_{term} IS NOT NULL GROUP BY t_{term}"
    return {row[0]: int(row[1]) for row in connection.execute(query, values)}


def _conditions(table: Table[Any], wanted: Selection) -> tuple[str, list[str]]:
    unknown = wanted.terms.keys() - table.terms.keys()
    if unknown:
        raise ValueError(f"{table.name} has no term {', '.join(sorted(unknown))}")
    parts = {f"t_{term} = ?": [value] for term, value in wanted.terms.items()}
    if wanted.first is not None:
        parts["place >= ?"] = [wanted.first]
    if wanted.last is not None:
        parts["place <= ?"] = [wanted.last]
    if wanted.after is not None:
        parts[f"(place, key) {'<' if wanted.descending else '>'} (?, ?)"] = [wanted.after.order, wanted.after.key]
    values = [value for each in parts.values() for value in each]
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), values


def _put(connection: sqlite3.Connection, table: Table[Value], value: Value, version: int) -> None:
    terms = table.terms_of(value)
    columns = ["key", "version", "place", "body", *(f"t_{term}" for term in terms)]
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    body = json.dumps(table.write(value), ensure_ascii=False, separators=(",", ":"))
    try:
        connection.execute(
            f"INSERT INTO r_{table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            f" ON CONFLICT (key) DO UPDATE SET {changes}",
            [table.key(value), version, table.order(value), body, *terms.values()],
        )
    except sqlite3.IntegrityError as error:
        raise Taken("Another one has this already") from error


def _row(table: Table[Value], found: sqlite3.Row) -> Row[Value]:
    return Row(table.read(json.loads(found["body"])), int(found["version"]))
