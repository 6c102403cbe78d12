"""Words that offices answer with often: whose they are, who is offered them."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy.orm import Session

from app.core.errors import AppError
from app.models.people import Role
from app.services.complaints import reply_templates
from tests import factories as make


def _titles(session: Session, officer: object, category: str | None = None) -> list[str]:
    rows = reply_templates.listing(session, acting=officer, category_code=category)  # type: ignore[arg-type]
    return [row.title for row in rows]


def test_an_office_is_offered_its_own_and_those_from_above(session: Session) -> None:
    places = make.places(session)
    neighbour = make.village(session, places.town)
    liaison, town, other = (
        make.acting(session, make.officer(session, role, place))
        for role, place in (
            (Role.LIAISON_OFFICER, places.village),
            (Role.TOWN_INSPECTOR, places.town),
            (Role.LIAISON_OFFICER, neighbour),
        )
    )
    reply_templates.add(
        session,
        acting=liaison,
        organisation_id=places.village.id,
        title=" 路灯已修 ",
        text="已修好。",
        category_code="public_works",
    )
    kept = reply_templates.add(
        session, acting=town, organisation_id=places.town.id, title="已转镇里", text="已转。"
    )

    assert sorted(_titles(session, liaison)) == sorted(["路灯已修", "已转镇里"])
    assert _titles(session, other) == ["已转镇里"]
    assert _titles(session, town) == ["已转镇里"]
    assert _titles(session, liaison, "cadre_conduct") == ["已转镇里"]

    with pytest.raises(AppError) as refused:
        reply_templates.remove(session, acting=liaison, template_id=kept.id)
    assert refused.value.code == "access.forbidden"
    reply_templates.remove(session, acting=town, template_id=kept.id)
    assert _titles(session, other) == []
    with pytest.raises(AppError) as refused:
        reply_templates.remove(session, acting=town, template_id=kept.id)
    assert refused.value.code == "reply_template.not_found"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"title": " "}, "reply_template.incomplete"),
        ({"text": ""}, "reply_template.incomplete"),
        ({"title": "长" * 41}, "reply_template.incomplete"),
        ({"text": "长" * 2001}, "reply_template.incomplete"),
        ({"category_code": "nothing"}, "complaint.category_unknown"),
        ({"title": "已有的"}, "reply_template.title_taken"),
        ({"organisation_id": uuid.UUID(int=7)}, "organisation.not_found"),
    ],
)
def test_what_is_not_kept(session: Session, given: dict[str, object], code: str) -> None:
    places = make.places(session)
    whole: dict[str, object] = {"organisation_id": places.town.id, "title": "新的", "text": "已修好。"}
    reply_templates.add(session, acting=make.ROOT, **(whole | {"title": "已有的"}))  # type: ignore[arg-type]
    with pytest.raises(AppError) as refused:
        reply_templates.add(session, acting=make.ROOT, **(whole | given))  # type: ignore[arg-type]
    assert refused.value.code == code


def test_nobody_writes_for_another_office(session: Session) -> None:
    places = make.places(session)
    author = make.acting(session, make.officer(session, Role.INFORMATION_OFFICER, places.village))
    liaison = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    for acting, office in ((author, places.village), (liaison, places.town)):
        with pytest.raises(AppError) as refused:
            reply_templates.add(session, acting=acting, organisation_id=office.id, title="好", text="好的。")
        assert refused.value.code == "access.forbidden"
