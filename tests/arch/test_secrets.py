"""Secrets are compared in constant time, and in one place each."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECRET = re.compile(r"(secret|digest|token|csrf|password|signature|pin)$")
COMPARING = {"shared/security.py": "keys", "logger/deps.py": "the token of a form"}

# Two values of our own, neither of which a caller can send to be compared.
HARMLESS = {
    "login.digest == current.digest",  # the sign-ins of one account, as they are listed
    "one.key.digest == digest",  # a key in a file of the operator's, as it is put into the store
    "kept.digest != sighting.digest",  # of events: the same one, or another under its id
    "event['digest'] != sighting.digest",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in ("recognizer", "logger", "shared"):
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text())


def named(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def test_no_secret_is_compared_character_by_character() -> None:
    found = {
        ast.unparse(node)
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
        and any(SECRET.search(named(side)) for side in (node.left, *node.comparators))
    }
    assert found == HARMLESS


def test_what_callers_send_is_compared_in_constant_time() -> None:
    comparing = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "compare_digest"
    }
    assert comparing == set(COMPARING)


def test_one_file_encrypts() -> None:
    importing = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography")
    }
    assert importing == {"recognizer/at_rest/cipher.py"}
