"""What the rules about leases share: parts of their SELECTs over `contract c` and its asset `a`."""

from __future__ import annotations

ASSET = "LEFT JOIN asset a ON a.id = c.asset_id AND a.voided_at IS NULL"
"""Joins the asset that a contract is about."""

LAND = """coalesce(c.land_kind, a.land_kind, CASE a.kind
    WHEN 'water' THEN 'pond' WHEN 'forest' THEN 'forest' WHEN 'equipment' THEN 'other'
    WHEN 'building' THEN 'building' WHEN 'shop' THEN 'building' WHEN 'factory' THEN 'building' END)"""
"""What is let, as a `LandKind`: the contract says it, else its asset; null when neither does."""

OVER = "(c.state <> 'active' AND coalesce(c.state_since, :as_of) <= :as_of)"
"""Whether the ledger says, as of the day, that the contract was renewed, ended or cancelled."""

IN_FORCE = f"(NOT {OVER} AND coalesce(c.ends_on >= :as_of, true))"
"""Whether the contract binds on the day."""

LAND_NAMES = {
    "household_land": "家庭承包地",
    "waste_land": "四荒地",
    "grassland": "草地",
    "forest": "林地",
    "farmland": "流转农用地",
    "pond": "水面",
    "building": "房屋",
    "shop": "店面",
    "factory": "厂房",
    "other": "其他资产",
}


def gone(state: str) -> str | None:
    """Why a contract no longer binds, in words; None while its state is 进行中."""
    return {
        "renewed": "台账已登记续签。",
        "ended": "台账已登记到期收回。",
        "cancelled": "台账已登记解除。",
    }.get(state)
