"""What kind of MongoDB answers, as far as it bears on keeping what was acknowledged. By PyMongo's own client, blocking:
this is asked once, by a command."""

from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from logger.errors import StoreUnavailable

TIMEOUT_MS = 3_000


@dataclass(frozen=True, slots=True)
class Topology:
    """By the server's answer to `hello` (MongoDB manual, Replication commands)."""

    replica_set: str | None  # None: a server alone, or the router of a sharded cluster
    members: int
    sharded: bool
    writable: bool


def read_topology(url: str) -> Topology:
    """Blocks. Raises StoreUnavailable."""
    try:
        with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=TIMEOUT_MS) as client:
            hello = client.admin.command("hello")
    except (PyMongoError, ValueError) as error:
        raise StoreUnavailable("MongoDB does not answer") from error
    return Topology(
        replica_set=hello.get("setName"),
        members=len(hello.get("hosts", [])),
        sharded=hello.get("msg") == "isdbgrid",
        writable=bool(hello.get("isWritablePrimary")),
    )
