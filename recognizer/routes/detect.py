"""`POST /detect`: a picture in, where its faces are."""

from fastapi import APIRouter, Depends, Request

from recognizer.answers import to_detect_response
from recognizer.deps import PictureDep, ServiceDep, require_key_when_closed
from recognizer.errors import EngineFailed, ImageTooLarge, InvalidField, InvalidImage, Overloaded, UnsupportedImage
from recognizer.routes.recognize import PICTURE_BODY
from shared.contracts.recognition import DetectResponse
from shared.web.errors import problems, request_id
from shared.web.limits import client_of

router = APIRouter(tags=["recognition"], dependencies=[Depends(require_key_when_closed)])


@router.post(
    "/detect",
    openapi_extra=PICTURE_BODY,
    responses=problems(InvalidImage, ImageTooLarge, UnsupportedImage, InvalidField, Overloaded, EngineFailed),
)
async def detect(request: Request, picture: PictureDep, service: ServiceDep) -> DetectResponse:
    """Boxes, landmarks and quality of all faces. Nobody is looked up and nothing is recorded.

    The picture comes as for `/recognize`; the other fields change nothing.
    """
    found = await service.detect(picture.data, client=client_of(request))
    return to_detect_response(found, request_id=request_id(request))
