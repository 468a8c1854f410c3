"""The recognizer's errors.

ServiceError (shared.web.errors)
├── InvalidImage            400  bytes that are not a whole picture, or no picture at all
│   └── MissingImage        400
├── InvalidForm             400  a body that is neither a form nor JSON, whatever it says it is
├── UnsupportedImage        415  a picture of a kind we do not take
├── ImageTooLarge           413  too many bytes or pixels
├── ImageTooSmall           422
├── InvalidField            422
├── Overloaded              503  every place is taken; come back later
├── Closed                  503  the service is stopping
├── OutboxFull              503  the logger has been away for too long
├── OutboxUnavailable       503  the outbox cannot be written: the disk is full or read-only
└── EngineFailed            503  the model raised or returned nonsense

StartError                  stops the start with a sentence for the operator
└── WeightsMissing          which file, from where, and the command that fetches it
"""

from shared.web.errors import ServiceError


class InvalidImage(ServiceError):
    status, code, title = 400, "invalid_image", "The image cannot be read"


class MissingImage(InvalidImage):
    code, title = "missing_image", "No image in the request"


class InvalidForm(ServiceError):
    status, code, title = 400, "invalid_form", "The request cannot be read"


class UnsupportedImage(ServiceError):
    status, code, title = 415, "unsupported_image", "Not an image we take"


class ImageTooLarge(ServiceError):
    status, code, title = 413, "image_too_large", "The image is too large"


class ImageTooSmall(ServiceError):
    status, code, title = 422, "image_too_small", "The image is too small"


class InvalidField(ServiceError):
    status, code, title = 422, "invalid_field", "A field is not valid"


class Overloaded(ServiceError):
    status, code, title, retry_after_s = 503, "overloaded", "Too many frames in flight", 1


class Closed(ServiceError):
    status, code, title, retry_after_s = 503, "closed", "The service is stopping", 5


class OutboxFull(ServiceError):
    status, code, title, retry_after_s = 503, "outbox_full", "The outbox is full", 30


class OutboxUnavailable(ServiceError):
    status, code, title, retry_after_s = 503, "outbox_unavailable", "The recognition cannot be stored", 10


class EngineFailed(ServiceError):
    status, code, title, retry_after_s = 503, "engine_failed", "Recognition is not working at the moment", 5


class StartError(Exception):
    """The service cannot start; the message tells the operator what to do."""


class WeightsMissing(StartError):
    pass
