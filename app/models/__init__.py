"""Tables only, one file per group of nouns. Importing this package knows them all."""

from app.models.base import Base
from app.models.complaints import (
    Assignment,
    Complaint,
    ComplaintCategory,
    ComplaintEvent,
    ComplaintSubject,
    Rating,
    SealedIdentity,
)
from app.models.delivery import (
    AccessToken,
    InboundKey,
    InboundMessage,
    MessageTemplate,
    OutgoingKey,
    OutgoingMessage,
    SubscriptionGrant,
)
from app.models.disclosures import Attachment, Disclosure, DisclosureCategory, DisclosureVersion
from app.models.ledgers import Contract, Payment
from app.models.organisations import Organisation, QrPlacement, ScanEvent
from app.models.people import Appointment, Binding, LoginSession, Officer, Villager, WechatIdentity
from app.models.trust import AuditEntry, CalendarDay, Export, JobTick, Lease
from app.models.warnings import EarlyWarning, RuleRun, RuleSetting, WarningEvent

__all__ = [
    "AccessToken",
    "Appointment",
    "Assignment",
    "Attachment",
    "AuditEntry",
    "Base",
    "Binding",
    "CalendarDay",
    "Complaint",
    "ComplaintCategory",
    "ComplaintEvent",
    "ComplaintSubject",
    "Contract",
    "Disclosure",
    "DisclosureCategory",
    "DisclosureVersion",
    "EarlyWarning",
    "Export",
    "InboundKey",
    "InboundMessage",
    "JobTick",
    "Lease",
    "LoginSession",
    "MessageTemplate",
    "Officer",
    "Organisation",
    "OutgoingKey",
    "OutgoingMessage",
    "Payment",
    "QrPlacement",
    "Rating",
    "RuleRun",
    "RuleSetting",
    "ScanEvent",
    "SealedIdentity",
    "SubscriptionGrant",
    "Villager",
    "WarningEvent",
    "WechatIdentity",
]
