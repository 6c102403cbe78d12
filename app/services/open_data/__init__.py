"""Open data (开放数据) of a village: what its pages show, as tables for programs, and its tenders and
contracts in the Open Contracting Data Standard. Always what a visitor may read, whoever asks."""

from app.services.open_data.ocds import package
from app.services.open_data.tables import (
    FORMATS,
    Licence,
    Offer,
    OpenColumn,
    Source,
    columns,
    csv_stream,
    json_stream,
    offers,
    source,
    workbook,
)

__all__ = [
    "FORMATS",
    "Licence",
    "Offer",
    "OpenColumn",
    "Source",
    "columns",
    "csv_stream",
    "json_stream",
    "offers",
    "package",
    "source",
    "workbook",
]
