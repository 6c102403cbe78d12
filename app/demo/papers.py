"""Files that hang on a few of the demo's items: papers as PDF, a drawing and photos of works as pictures.

They go through the same upload as everybody's, so that first page, text and viewing copy are there. Pictures
cannot be read by a program: the reviewer has looked at them."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy.orm import Session

from app.core import images
from app.core.keys import Keys
from app.core.storage import Storage
from app.demo.people import Staff
from app.demo.publications import Output, Published
from app.demo.world import Draw, VillageStage
from app.models import Attachment, PrivacyDecision
from app.models.disclosures import AttachmentOwner
from app.models.privacy import Verdict
from app.services import attachments, printing
from app.services.actors import Administrator
from app.services.privacy import UNREADABLE

ACTING = Administrator("demo")
MARGIN, LINE = 64, 21
SEEN = "已看过图片，没有人脸、门牌和车牌。"
Files = dict[uuid.UUID, list[Attachment]]


@dataclass(frozen=True)
class Shelf:
    """Where files are kept, and what they need."""

    session: Session
    storage: Storage
    keys: Keys


def hang(shelf: Shelf, stage: VillageStage, output: Output) -> Files:
    """Make the files of a village and give them to their items; the files by item."""
    files: Files = {}
    for one in output.published:
        for position, name in enumerate(one.article.papers, start=1):
            title, data = PAPERS[name](stage, one)
            file = attachments.upload(
                shelf.session,
                acting=ACTING,
                data=data,
                name=title,
                storage=shelf.storage,
                keys=shelf.keys,
                limits=images.DEFAULT_LIMITS,
            ).attachment
            file.owner_kind, file.owner_id = AttachmentOwner.DISCLOSURE, one.row.id
            file.position, file.upload_digest, file.created_at = position, None, one.row.created_at
            files.setdefault(one.row.id, []).append(file)
    shelf.session.flush()
    return files


def looked_at(shelf: Shelf, draw: Draw, staff: Staff, files: Files) -> Iterator[PrivacyDecision]:
    """That somebody has looked at each picture; to be stored after the items."""
    for disclosure_id, hung in files.items():
        for file in hung:
            if file.media_type == images.Kind.JPEG.mime:
                place = f"file/{file.id}"
                digest = shelf.keys.finding_digest(str(disclosure_id), place, UNREADABLE, file.original or "")
                yield PrivacyDecision(
                    id=draw.key(),
                    disclosure_id=disclosure_id,
                    finding=digest,
                    place=place,
                    kind=UNREADABLE,
                    verdict=Verdict.CONFIRMED,
                    reason=SEEN,
                    officer_id=staff.reviewer.id,
                    created_at=file.created_at,
                )


# --- papers ---------------------------------------------------------------------------------------


def _pdf(title: str, lines: list[str]) -> bytes:
    """One page with a heading and lines, the same bytes in every run."""
    printing.register_font()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    width, height = A4
    canvas.setFont(printing.FONT, 19)
    canvas.drawCentredString(width / 2, height - 84, printing.printable(title))
    canvas.setFont(printing.FONT, 12)
    for number, line in enumerate(lines):
        canvas.drawString(MARGIN, height - 128 - number * LINE, printing.printable(line))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _statement(stage: VillageStage, one: Published) -> tuple[str, bytes]:
    version = one.row.versions[0]
    lines = [f"单位：{stage.full_name}股份经济合作社", f"期间：{one.row.period}", ""]
    lines += [f"{label}：{value}" for label, value in version.figures.items()] + [""]
    lines += ["　　".join(row) for row in version.table["rows"]]
    lines += ["", "制表：村报账员　　复核：村务监督委员会"]
    return "收支明细表.pdf", _pdf(version.title.replace("公开", "明细表"), lines)


def _terms(stage: VillageStage, one: Published) -> tuple[str, bytes]:
    figures = one.row.versions[0].figures
    lines = [f"招租单位：{stage.full_name}股份经济合作社", ""]
    lines += [f"{label}：{value}" for label, value in figures.items() if len(str(value)) < 30]
    lines += [
        "",
        "一、报名截止以后不再接受报名，手机报名和现场报名一样有效。",
        "二、开标时公布所有报价，价高者得，同价时本村村民优先。",
        "三、公示期满没有异议，五个工作日内签订合同。",
        "四、不得转租，不得改变用途，租金每年一月底前转账付清。",
    ]
    return "招租文件.pdf", _pdf(one.article.title.replace("公告", "文件"), lines)


# --- pictures -------------------------------------------------------------------------------------

SKY, FIELD, WATER = (203, 226, 240), (168, 196, 140), (120, 170, 196)
ROAD, KERB, INK = (158, 158, 154), (226, 224, 216), (60, 66, 70)
SIZE = (1280, 860)


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=86)
    return out.getvalue()


def _plan(stage: VillageStage, one: Published) -> tuple[str, bytes]:
    """A site plan: the river, the path along it, and where the lamps stand."""
    picture = Image.new("RGB", SIZE, (246, 244, 236))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(printing.FONT_FILE), 34)
    curve = [(x, 330 + round(60 * ((x / 640 - 1) ** 2))) for x in range(0, 1281, 20)]
    pen.line(curve, fill=WATER, width=150)
    path = [(x, y + 130) for x, y in curve]
    pen.line(path, fill=KERB, width=40)
    pen.line(path, fill=ROAD, width=26)
    for x, y in path[2::5]:
        pen.ellipse((x - 9, y + 26, x + 9, y + 44), fill=(236, 182, 72), outline=INK, width=2)
    for x in range(80, 1240, 190):
        pen.rectangle((x, 640, x + 96, 716), fill=(214, 190, 160), outline=INK, width=2)
    pen.text((560, 300), "东 河", font=font, fill=(255, 255, 255))
    pen.text((70, 560), "步道 620 米　矮路灯 31 盏　护栏", font=font, fill=INK)
    pen.text((70, 40), "东河边休闲步道平面示意图", font=font, fill=INK)
    return "平面示意图.jpg", _jpeg(picture)


def _site(stage: VillageStage, one: Published) -> tuple[str, bytes]:
    """What the works look like now: a road between fields, with lamps."""
    picture = Image.new("RGB", SIZE, SKY)
    pen = ImageDraw.Draw(picture)
    pen.polygon([(0, 420), (330, 350), (760, 400), (1280, 340), (1280, 460), (0, 460)], fill=(150, 176, 160))
    pen.rectangle((0, 450, 1280, 860), fill=FIELD)
    for row in range(12):
        y = 470 + row * row * 3
        pen.line((0, y, 1280, y), fill=(152, 182, 124), width=1 + row // 3)
    pen.polygon([(600, 450), (680, 450), (1120, 860), (160, 860)], fill=KERB)
    pen.polygon([(606, 450), (674, 450), (1060, 860), (220, 860)], fill=ROAD)
    for step in range(6):
        top = 480 + step * step * 14
        pen.line((640, top, 640, top + 10 + step * 8), fill=(244, 244, 240), width=3 + step * 2)
    for step in range(1, 6):
        x, foot, high = 690 + step * step * 16, 455 + step * step * 14, 50 + step * 46
        pen.line((x, foot, x, foot - high), fill=INK, width=3 + step)
        pen.line((x, foot - high, x - 12 * step, foot - high), fill=INK, width=2 + step)
        lamp = (x - 12 * step - 6, foot - high, x - 12 * step + 8, foot - high + 6 + step)
        pen.ellipse(lamp, fill=(250, 214, 120))
    return "完工现场.jpg", _jpeg(picture)


PAPERS: dict[str, Callable[[VillageStage, Published], tuple[str, bytes]]] = {
    "statement": _statement,
    "terms": _terms,
    "plan": _plan,
    "site": _site,
}
