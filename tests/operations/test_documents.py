"""What an administrator reads while setting up agrees with the program."""

from __future__ import annotations

import re

from app.__main__ import cli
from app.core.settings import Settings
from app.wechat.templates import SPECS
from tests.operations.support import ROOT

SETUP = ROOT / "docs" / "wechat-setup.md"


def test_every_title_and_label_of_a_template_is_named() -> None:
    text = SETUP.read_text(encoding="utf-8")
    words = {
        word
        for specs in SPECS.values()
        for spec in specs.values()
        for word in (*spec.titles, *(label for labels in spec.fields.values() for label in labels))
    }

    assert len(words) > 30
    assert sorted(word for word in words if word not in text) == []


def test_documents_name_only_settings_that_exist() -> None:
    known = {f"MASHANG_{name.upper()}" for name in Settings.model_fields}
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / ".env.example"]
    named = {
        (path.name, name)
        for path in documents
        for name in re.findall(r"\bMASHANG_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
    }

    unknown = {(path, name) for path, name in named if name not in known and name != "MASHANG_CHROMIUM"}
    assert unknown == set()


def test_documents_name_only_commands_that_exist() -> None:
    commands = {command.name or command.callback.__name__ for command in cli.registered_commands}
    commands |= {str(group.name) for group in cli.registered_groups}
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    lines = "\n".join(path.read_text(encoding="utf-8") for path in documents)
    named = set(re.findall(r"(?:^|`|&& )mashang ([a-z]+)", lines, flags=re.MULTILINE))

    assert len(named) > 8
    assert named <= commands


def test_links_of_documents_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for target in re.findall(r"\]\(([^)#:\s]+)\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]

    assert broken == []
