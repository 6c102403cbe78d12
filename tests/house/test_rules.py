"""What every early-warning rule owes its readers."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.rules import ALL_RULES, by_key
from app.rules.base import Rule
from app.rules.handbook import colours, rendered, thresholds
from tests.house.rule_book import TARGET

ROOT = Path(__file__).resolve().parents[2]
each_rule = pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.key)


def test_the_rule_book_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == rendered(ALL_RULES), (
        "run: .venv/bin/python -m tests.house.rule_book --write"
    )


def test_codes_are_in_order_and_keys_are_found() -> None:
    codes = [rule.code for rule in ALL_RULES]
    assert codes == sorted(set(codes))
    assert [by_key(rule.key) for rule in ALL_RULES] == list(ALL_RULES)
    assert by_key("no.such_rule") is None


@each_rule
def test_it_says_everything(rule: Rule[Any]) -> None:
    for words in (rule.title, rule.meaning, rule.source, rule.clears_by, type(rule).__doc__ or ""):
        assert words.strip()
    assert colours(rule)
    assert type(rule).__module__ == f"app.rules.{rule.key.replace('.', '_')}"
    assert (ROOT / "tests" / "rules" / f"test_{rule.key.replace('.', '_')}.py").exists()


@each_rule
def test_every_threshold_has_unit_and_bounds(rule: Rule[Any]) -> None:
    for name, _, bounds, description in thresholds(rule):
        field = rule.thresholds.model_fields[name]
        assert re.search(r"（[^）]+）", description), f"{name}: no unit"
        assert bounds or field.annotation not in (int, float), f"{name}: no bounds"


@each_rule
def test_proposed_thresholds_are_called_so(rule: Rule[Any]) -> None:
    if rule.mode.value == "shadow":
        assert "建议" in rule.source


@each_rule
def test_no_place_of_the_demo_is_known_to_it(rule: Rule[Any]) -> None:
    places = tomllib.loads((ROOT / "app/demo/texts/places.toml").read_text(encoding="utf-8"))
    names = {place["name"] for place in places["villages"]} | {place["code"] for place in places["villages"]}
    said = " ".join([rule.SELECT, *rule.exclusions, *map(str, thresholds(rule))])
    assert [name for name in names if name in said] == []


@each_rule
def test_an_empty_county_is_judged(rule: Rule[Any], session: Session) -> None:
    """The statement runs, also where there is nothing, and leaves the answer's shape alone."""
    found = rule.evaluate(session, as_of=date(2026, 4, 15), thresholds=rule.thresholds())
    assert (found.findings, found.villages) == ([], {})
    assert session.execute(text("SELECT 1")).scalar() == 1
