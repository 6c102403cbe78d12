"""Temporary materials (临时素材): pictures and voices, kept three days."""

import io

from PIL import Image, UnidentifiedImageError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import Answer, Call, Registry
from wechat_sandbox.records import Media
from wechat_sandbox.state import World

registry = Registry()

LIMITS = {"image": 10_485_760, "voice": 2_097_152, "video": 10_485_760, "thumb": 65_536}


@registry.get("/cgi-bin/media/get", daily=200_000, text_plain=True)
def get(call: Call) -> Answer:
    """The bytes; for a video an address; 40007 when unknown or older than three days."""
    media = alive(call.world, call.query.get("media_id", ""))
    if media is None or media.app_id != call.account.app_id:
        raise PlatformError(40007)
    if media.type == "video":
        return {"video_url": f"{call.world.base_url}/phone/media/{media.media_id}"}
    headers = {"content-disposition": f'attachment; filename="{media.filename}"'}
    return Response(media.data, media_type=media.content_type, headers=headers)


@registry.post("/cgi-bin/media/upload", body="none", daily=100_000)
async def upload(call: Call) -> Answer:
    """Keep a file; multipart field `media`."""
    type_ = call.query.get("type", "")
    if type_ not in LIMITS:
        raise PlatformError(40004)
    async with call.request.form() as form:
        file = form.get("media")
        if not isinstance(file, UploadFile):
            raise PlatformError(41005)
        data = await file.read()
    if not data:
        raise PlatformError(44001, "empty media data")
    if len(data) > LIMITS[type_]:
        raise PlatformError(45001)
    content_type = _content_type(data) if type_ in {"image", "thumb"} else file.content_type or "audio/amr"
    media = call.world.add_media(call.account.app_id, type_, data, content_type, file.filename or "media")
    return {"type": type_, "media_id": media.media_id, "created_at": int(call.world.clock.now())}


def _content_type(data: bytes) -> str:
    try:
        form = Image.open(io.BytesIO(data)).format
    except UnidentifiedImageError as error:
        raise PlatformError(40005, "invalid file type") from error
    if form not in {"JPEG", "PNG", "GIF"}:
        raise PlatformError(40005, "invalid file type")
    return f"image/{form.lower()}"


def alive(world: World, media_id: str) -> Media | None:
    """A material that has not run out."""
    media = world.media.get(media_id)
    return media if media and media.expires_at > world.clock.now() else None
