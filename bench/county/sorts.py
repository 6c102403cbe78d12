"""What villages let: sorts of land, water and buildings, with going rates, sizes and usual terms."""

from __future__ import annotations

from dataclasses import dataclass

from app.models.holdings import AssetKind
from app.models.ledgers import AreaUnit, LandKind


@dataclass(frozen=True)
class Sort:
    """A sort of thing that is let: yuan per unit and year as of now, sizes, terms, and how often of 100."""

    asset: AssetKind
    land: LandKind
    names: tuple[str, ...]
    yuan: float
    low: float
    high: float
    terms: tuple[int, ...]
    weight: int

    @property
    def unit(self) -> AreaUnit:
        """Buildings are measured in square metres, land in mu."""
        return AreaUnit.SQUARE_METRE if self.land == LandKind.BUILDING else AreaUnit.MU


FIELD = Sort(
    AssetKind.LAND, LandKind.FARMLAND, ("畈田", "蔬菜基地", "水稻田", "果园地"), 950, 8, 160, (3, 5, 5, 8), 32
)
POND = Sort(AssetKind.WATER, LandKind.POND, ("鱼塘", "外荡水面"), 1_250, 4, 60, (3, 5, 5, 6), 16)
SHOP = Sort(
    AssetKind.SHOP, LandKind.BUILDING, ("沿街店面", "菜场摊位房", "村口店面"), 310, 25, 140, (2, 3, 3, 5), 28
)
FACTORY = Sort(AssetKind.FACTORY, LandKind.BUILDING, ("厂房", "仓库"), 118, 300, 2_600, (3, 5, 5, 10), 16)
WOOD = Sort(AssetKind.FOREST, LandKind.FOREST, ("毛竹山", "杉木山林"), 90, 30, 300, (10, 20, 30), 8)
ROUND_ENDS = 2028  # the second round of household contracts ends then or a year later; a new one follows
SORTS = (FIELD, POND, SHOP, FACTORY, WOOD)
