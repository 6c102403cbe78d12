"""Tables only, one file per group of nouns. Importing this package knows them all."""

from app.models.base import Base
from app.models.categories import DisclosureCategory
from app.models.chain import ChainCheck, ChainHead, ChainLink
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
from app.models.disclosures import Attachment, Disclosure, DisclosureSearch, DisclosureVersion
from app.models.interaction import (
    Broadcast,
    ImportBatch,
    Objection,
    PageView,
    Question,
    Tender,
    TenderSignUp,
    VillageFollow,
)
from app.models.ledgers import Contract, Payment
from app.models.obligations import Obligation
from app.models.organisations import Organisation, QrPlacement, ScanEvent
from app.models.people import Appointment, Binding, LoginSession, Officer, Villager, WechatIdentity
from app.models.privacy import AttachmentText, PrivacyDecision
from app.models.projects import Project, ProjectStage
from app.models.trust import AuditEntry, CalendarDay, Export, JobTick, Lease, SettingHistory
from app.models.warnings import EarlyWarning, RuleRun, RuleSetting, WarningEvent

__all__ = [
    "AccessToken",
    "Appointment",
    "Assignment",
    "Attachment",
    "AttachmentText",
    "AuditEntry",
    "Base",
    "Binding",
    "Broadcast",
    "CalendarDay",
    "ChainCheck",
    "ChainHead",
    "ChainLink",
    "Complaint",
    "ComplaintCategory",
    "ComplaintEvent",
    "ComplaintSubject",
    "Contract",
    "Disclosure",
    "DisclosureCategory",
    "DisclosureSearch",
    "DisclosureVersion",
    "EarlyWarning",
    "Export",
    "ImportBatch",
    "InboundKey",
    "InboundMessage",
    "JobTick",
    "Lease",
    "LoginSession",
    "MessageTemplate",
    "Objection",
    "Obligation",
    "Officer",
    "Organisation",
    "OutgoingKey",
    "OutgoingMessage",
    "PageView",
    "Payment",
    "PrivacyDecision",
    "Project",
    "ProjectStage",
    "QrPlacement",
    "Question",
    "Rating",
    "RuleRun",
    "RuleSetting",
    "ScanEvent",
    "SealedIdentity",
    "SettingHistory",
    "SubscriptionGrant",
    "Tender",
    "TenderSignUp",
    "VillageFollow",
    "Villager",
    "WarningEvent",
    "WechatIdentity",
]
