"""The keys of this installation, all derived from the one master secret."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.crypto import Sealer
from app.core.ids import RECEIPT_DIGITS
from app.core.security import derive_key, digest

SEAL_KEY_ID = "1"


@dataclass(frozen=True)
class Keys:
    """Derived keys by purpose. Built once by the composition root and passed to whoever needs one."""

    master: bytes
    receipts: bytes
    sessions: bytes
    uploads: bytes
    scenes: bytes
    privacy: bytes
    persons: bytes
    sealer: Sealer

    @classmethod
    def of(cls, master: bytes) -> Keys:
        """All keys of `master`."""
        return cls(
            master=master,
            receipts=derive_key(master, "receipts"),
            sessions=derive_key(master, "sessions"),
            uploads=derive_key(master, "uploads"),
            scenes=derive_key(master, "scenes"),
            privacy=derive_key(master, "privacy"),
            persons=derive_key(master, "persons"),
            sealer=Sealer({SEAL_KEY_ID: derive_key(master, "seal:1")}, current=SEAL_KEY_ID),
        )

    def receipt_digest(self, receipt: str) -> str:
        """How a receipt is stored."""
        return digest(self.receipts, receipt)

    def receipt_of(self, nonce: str) -> str:
        """The 16-digit receipt (查询码) of the anonymous form `nonce`: computed, so that a repetition of the
        form shows the same receipt though it is stored nowhere."""
        return f"{int(digest(self.receipts, f'form:{nonce}'), 16) % 10**RECEIPT_DIGITS:0{RECEIPT_DIGITS}}"

    def session_digest(self, token: str) -> str:
        """How a session or API token is stored."""
        return digest(self.sessions, token)

    def upload_digest(self, token: str) -> str:
        """How the right to use an upload is stored."""
        return digest(self.uploads, token)

    def scene_digest(self, scene: str) -> str:
        """How a one-time scene is stored."""
        return digest(self.scenes, scene)

    def finding_digest(self, *parts: str) -> str:
        """How a decision names the finding of the privacy gate that it is about: by item, place and text,
        without telling any of them."""
        return digest(self.privacy, "\x00".join(parts))

    def person_digest(self, number: str) -> str:
        """How a ledger remembers an identity number, which itself is never stored."""
        return digest(self.persons, number)
