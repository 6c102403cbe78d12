"""Where codes hang: scenes, their limits, and counting scans by place."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict, Forbidden
from app.models.organisations import ScanChannel
from app.models.people import Role
from app.services import placements
from app.wechat import scenes
from tests import factories as make


@pytest.mark.parametrize("place", ["", "board", "a" * 15, "x-1"])
def test_every_scene_fits_both_apps(session: Session, place: str) -> None:
    village = make.places(session).village
    village.code = "v" + "9" * 15  # the longest code
    placement = placements.ensure(session, acting=make.ROOT, village=village, place=place)

    assert scenes.check_qr_scene("QR_LIMIT_STR_SCENE", scene_str=placement.scene) is None
    assert scenes.check_wxacode_scene(placement.miniprogram_scene) is None
    assert placements.by_scene(session, placement.scene) == (village, place)


@pytest.mark.parametrize("place", ["Board", "公告栏", "a" * 16, "a:b", "a b"])
def test_places_that_would_break_a_scene_are_refused(session: Session, place: str) -> None:
    with pytest.raises(BadInput):
        placements.ensure(session, acting=make.ROOT, village=make.places(session).village, place=place)


def test_the_limit_of_permanent_scenes_is_checked_before_it_is_hit(session: Session) -> None:
    village = make.places(session).village
    for place in ("", "board"):
        made = placements.ensure(session, acting=make.ROOT, village=village, place=place)
        placements.issued(
            session, acting=make.ROOT, placement_id=made.id, app_id="wx1", ticket="t" + place, url="u" + place
        )

    placements.reserve(session, app_id="wx1", limit=3)
    placements.reserve(session, app_id="another", limit=2)
    with pytest.raises(Conflict, match="用满 2 个"):
        placements.reserve(session, app_id="wx1", limit=2)
    assert placements.PERMANENT_LIMIT == scenes.PERMANENT_LIMIT


def test_the_same_place_is_the_same_code_and_scans_are_counted_by_it(session: Session) -> None:
    places = make.places(session)
    one = placements.ensure(session, acting=make.ROOT, village=places.village, place="shop", label="小卖部")
    again = placements.ensure(session, acting=make.ROOT, village=places.village, place="shop")
    for place, channel in (
        ("shop", ScanChannel.PAGE),
        ("shop", ScanChannel.PAGE),
        ("shop", ScanChannel.OFFICIAL_ACCOUNT),
        ("<script>", ScanChannel.PAGE),
    ):
        placements.count_scan(session, village_id=places.village.id, place=place, channel=channel)
    session.flush()

    assert again.id == one.id
    counted = placements.scans(session, acting=make.ROOT, village_id=places.village.id)
    assert {(place, channel): number for _, place, channel, number in counted} == {
        ("shop", ScanChannel.PAGE): 2,
        ("shop", ScanChannel.OFFICIAL_ACCOUNT): 1,
        ("", ScanChannel.PAGE): 1,
    }


def test_only_administrators_make_placements(session: Session) -> None:
    places = make.places(session)
    actor = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))

    with pytest.raises(Forbidden):
        placements.ensure(session, acting=actor, village=places.village)
