"""`python -m shared.web.probe URL`: exit status 0 when the URL answers 200. The images carry no curl."""

import sys

import httpx

TIMEOUT_S = 3.0


def main() -> int:
    try:
        return 0 if httpx.get(sys.argv[1], timeout=TIMEOUT_S, trust_env=False).status_code == httpx.codes.OK else 1
    except httpx.HTTPError:
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
