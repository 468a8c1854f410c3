"""The recognizer's errors.

ServiceError (shared.web.errors)
├── InvalidImage            400  bytes that are not a whole picture, or no picture at all
│   └── MissingImage        400
├── InvalidForm             400  a body that is neither a form nor JSON, whatever it says it is
├── InvalidArchive          400  no ZIP archive that can be read, or one that is too large inside
├── UnsupportedImage        415  a picture of a kind we do not take
├── ImageTooLarge           413  too many bytes or pixels
├── ImageTooSmall           422
├── InvalidField            422
├── NoUsablePhoto           422  not one of the photos can be used; says why for each
├── NoSuchPerson            404
├── NoSuchImage             404
├── PersonExists            409  the id is somebody's with another name
├── PossibleDuplicate       409  the face is somebody's; says whose
├── LastPhoto               409  a person without photos cannot be recognized
├── NotPermitted            409  the logger says that this person's face may not be taken
├── PermissionUnknown       503  consent is required and the logger cannot be asked
├── DatasetBusy             503  another enrolment takes its time
├── DatasetUnavailable      503  photos cannot be written or read: a full disk, a volume that is gone
├── CannotUnseal            503  a sealed photo whose key is missing, or that is damaged
├── JournalUnavailable      503  what is to be told the logger cannot be kept
├── LoggerUnavailable       503  what only the logger knows cannot be read
├── Overloaded              503  every place is taken; come back later
├── TooManyConnections      503  as many cameras are live as are allowed
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


class InvalidArchive(ServiceError):
    status, code, title = 400, "invalid_archive", "The archive cannot be read"


class UnsupportedImage(ServiceError):
    status, code, title = 415, "unsupported_image", "Not an image we take"


class ImageTooLarge(ServiceError):
    status, code, title = 413, "image_too_large", "The image is too large"


class ImageTooSmall(ServiceError):
    status, code, title = 422, "image_too_small", "The image is too small"


class InvalidField(ServiceError):
    status, code, title = 422, "invalid_field", "A field is not valid"


class NoUsablePhoto(ServiceError):
    status, code, title = 422, "no_usable_photo", "None of the photos can be used"


class NoSuchPerson(ServiceError):
    status, code, title = 404, "no_such_person", "Nobody has this id"


class NoSuchImage(ServiceError):
    status, code, title = 404, "no_such_image", "There is no such photo"


class PersonExists(ServiceError):
    status, code, title = 409, "person_exists", "The id belongs to somebody else"


class PossibleDuplicate(ServiceError):
    status, code, title = 409, "possible_duplicate", "The face may be somebody's already"


class LastPhoto(ServiceError):
    status, code, title = 409, "last_photo", "The last photo stays"


class NotPermitted(ServiceError):
    status, code, title = 409, "enrolment_not_permitted", "This person may not be enrolled"


class PermissionUnknown(ServiceError):
    status, code, title, retry_after_s = 503, "permission_unknown", "Whether this is permitted cannot be asked", 10


class DatasetBusy(ServiceError):
    status, code, title, retry_after_s = 503, "dataset_busy", "Another enrolment is being written", 5


class DatasetUnavailable(ServiceError):
    status, code, title, retry_after_s = 503, "dataset_unavailable", "The photos cannot be stored", 30


class CannotUnseal(ServiceError):
    status, code, title, retry_after_s = 503, "cannot_unseal", "The photo cannot be unsealed", 30


class JournalUnavailable(ServiceError):
    status, code, title, retry_after_s = 503, "journal_unavailable", "The enrolment cannot be written down", 10


class LoggerUnavailable(ServiceError):
    status, code, title, retry_after_s = 503, "logger_unavailable", "The logger does not answer", 5


class Overloaded(ServiceError):
    status, code, title, retry_after_s = 503, "overloaded", "Too many frames in flight", 1


class TooManyConnections(ServiceError):
    status, code, title, retry_after_s = 503, "too_many_connections", "Too many live connections", 10


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
