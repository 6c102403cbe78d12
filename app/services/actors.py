"""Who acts. Every use case takes an `Actor` and asks `services.access` what it may do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from app.models.people import Duty, Role


@dataclass(frozen=True)
class Post:
    """One running appointment of an officer."""

    role: Role
    duty: Duty
    organisation_id: uuid.UUID


@dataclass(frozen=True)
class Visitor:
    """Somebody unknown: a reader of public pages, an anonymous complainant."""

    kind = "visitor"

    @property
    def id(self) -> None:
        """Nobody."""
        return None


@dataclass(frozen=True)
class Villager:
    """A villager (村民) known through WeChat."""

    villager_id: uuid.UUID
    kind = "villager"

    @property
    def id(self) -> str:
        """The key that audit rows carry."""
        return str(self.villager_id)


@dataclass(frozen=True)
class Officer:
    """An officer (干部) with his running appointments."""

    officer_id: uuid.UUID
    name: str
    posts: tuple[Post, ...]
    kind = "officer"

    @property
    def id(self) -> str:
        """The key that audit rows carry."""
        return str(self.officer_id)

    def roles(self) -> frozenset[Role]:
        """All roles that he holds anywhere."""
        return frozenset(post.role for post in self.posts)

    def organisations(self, *roles: Role, duty: Duty | None = None) -> tuple[uuid.UUID, ...]:
        """The organisations where he holds one of `roles` (any role when none is named)."""
        return tuple(
            post.organisation_id
            for post in self.posts
            if (not roles or post.role in roles) and (duty is None or post.duty == duty)
        )


@dataclass(frozen=True)
class Administrator:
    """The platform administrator (平台管理员), by command line or token."""

    label: str
    kind = "administrator"

    @property
    def id(self) -> str:
        """The key that audit rows carry."""
        return self.label


@dataclass(frozen=True)
class System:
    """A job of the system itself."""

    job: str
    kind = "system"

    @property
    def id(self) -> str:
        """The key that audit rows carry."""
        return self.job


Actor = Visitor | Villager | Officer | Administrator | System
