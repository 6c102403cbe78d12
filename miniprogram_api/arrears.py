"""What a village shows of overdue rent (欠款公示)."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.services import access, arrears
from app.services.actors import Visitor
from app.web.context import ReadSession
from miniprogram_api.callers import AsAnybody
from miniprogram_api.fields import VillageCode

router = APIRouter(tags=["公开"])


class ArrearsLine(BaseModel):
    """One overdue amount. Firms by name, persons by surname and group; it goes when it is paid."""

    debtor: str = Field(examples=["王某（三组）"])
    title: str
    due_on: date
    late_days: int
    owed_fen: int
    published_on: date


@router.get("/villages/{code}/arrears")
def list_arrears(code: VillageCode, _acting: AsAnybody, session: ReadSession) -> list[ArrearsLine]:
    """村里公示的欠款，逾期最久的在前；缴清后撤下。"""
    village = access.access_village(session, Visitor(), code)
    return [ArrearsLine(**vars(entry)) for entry in arrears.board(session, village)]
