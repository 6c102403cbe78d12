"""Templates are data: the same loop with an account whose template ids and keyword numbers are others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.models import MessageTemplate
from app.models.delivery import MessageKind
from tests.journeys import story
from tests.journeys.conftest import DEFAULT_TEMPLATES
from tests.journeys.world import World
from wechat_sandbox.app import create_app
from wechat_sandbox.config import SandboxConfig

TEMPLATE_SEED = 20_260_101
pytestmark = pytest.mark.timeout(240)


def test_ids_and_keyword_numbers_really_differ(running: World) -> None:
    with running.context.database.reading() as session:
        rows = session.execute(
            select(MessageTemplate.template_id, MessageTemplate.mapping).where(
                MessageTemplate.channel == "template"
            )
        ).all()
    account = running.context.accounts.official
    other = create_app(
        SandboxConfig.model_validate(
            {
                "accounts": [
                    {
                        "kind": "official",
                        "app_id": account.app_id,
                        "app_secret": "x",
                        "template_seed": DEFAULT_TEMPLATES,
                    }
                ]
            }
        )
    )
    elsewhere = {
        template.template_id: template.content
        for made in other.state.world.accounts.values()
        for template in made.templates
    }
    assert len(rows) == len(MessageKind)
    assert not {row.template_id for row in rows} & set(elsewhere)
    assert any(key not in str(elsewhere) for row in rows for key in row.mapping.values())


@pytest.mark.parametrize(
    "chapter", [story.play_complaint, story.play_warning], ids=lambda item: item.__name__
)
def test_the_loop(chapter: Callable[[story.Demo], None], demo: story.Demo) -> None:
    chapter(demo)
