"""JSON as RFC 8259 has it, and no more: what two parsers could read differently is refused."""

import json
import math
from typing import NoReturn


class InvalidJson(ValueError):
    """The message says what is wrong, without repeating the text."""


def parse_strict_json(body: bytes) -> object:
    """Raises InvalidJson for anything but UTF-8, for duplicate names, NaN, Infinity, numbers beyond a double, and
    nesting deeper than the interpreter follows."""
    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_refuse, parse_float=_finite
        )
    except UnicodeDecodeError:
        raise InvalidJson("the text is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InvalidJson(f"not JSON at character {error.pos}") from None
    except InvalidJson:
        raise
    except ValueError:  # an integer of more digits than the interpreter reads
        raise InvalidJson("a number is out of range") from None
    except RecursionError:
        raise InvalidJson("nested too deep") from None


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidJson("a name occurs twice in one object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise InvalidJson(f"{constant} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidJson("a number is out of range")
    return number
