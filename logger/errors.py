"""The logger's errors.

ServiceError (shared.web.errors)
├── Unauthenticated         401  neither signed in nor a key that is known
│   └── WrongPassword       401  the same for a name that there is and one that there is not
├── Forbidden               403  whoever asks may not do that
├── TooManyAttempts         429  after wrong passwords or codes; says how long to wait
├── SignInBusy              503  more passwords are being checked than it is worth waiting behind
├── InvalidJson             400  the body is not one JSON document in UTF-8
├── InvalidCursor           422
├── InvalidRequest          422  what was asked for cannot be; the detail says why
│   ├── InvalidAccount      422
│   └── InvalidPassword     422  too short, too long, or too easy to guess
├── NotFound                404
├── Conflict                409  what is there does not allow it at the moment
├── Outdated                409  somebody else changed it in the meantime
├── Taken                   409  another one has this name, number or address already
└── StoreUnavailable        503  the store does not answer, or its disk does not take a write
    ├── StoreBusy           503  more writes are waiting than it is worth waiting behind
    └── StoreUnusable       503  the store answers, but without what keeps attendance unique

StartError                  stops the start, or a command, with a sentence for the operator
"""

from shared.web.errors import ServiceError, Unauthenticated


class WrongPassword(Unauthenticated):
    code, title = "wrong_password", "Not signed in"


class TooManyAttempts(ServiceError):
    status, code, title = 429, "too_many_attempts", "Too many attempts"

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many attempts; the next may be made in {wait_s} s")
        self.retry_after_s = wait_s


class SignInBusy(ServiceError):
    status, code, title, retry_after_s = 503, "sign_in_busy", "Too many are signing in", 1


class InvalidJson(ServiceError):
    status, code, title = 400, "invalid_json", "Not JSON"


class InvalidCursor(ServiceError):
    status, code, title = 422, "invalid_cursor", "The cursor is not one of ours"


class InvalidRequest(ServiceError):
    status, code, title = 422, "invalid_request", "This cannot be"


class InvalidAccount(InvalidRequest):
    code, title = "invalid_account", "There cannot be such an account"


class InvalidPassword(InvalidRequest):
    code, title = "invalid_password", "This cannot be a password"


class NotFound(ServiceError):
    status, code, title = 404, "not_found", "There is no such thing"


class Conflict(ServiceError):
    status, code, title = 409, "conflict", "It cannot be done at the moment"


class Outdated(ServiceError):
    status, code, title = 409, "outdated", "It was changed in the meantime"


class Taken(ServiceError):
    status, code, title = 409, "taken", "Another one has this already"


class StoreUnavailable(ServiceError):
    status, code, title, retry_after_s = 503, "store_unavailable", "The store is not available", 5


class StoreBusy(StoreUnavailable):
    code, title, retry_after_s = "store_busy", "Too many writes are waiting", 1


class StoreUnusable(StoreUnavailable):
    code, title, retry_after_s = "store_unusable", "The store cannot be used as it is", 60


class StartError(Exception):
    """The service or a command cannot go on; the message tells the operator what to do."""
