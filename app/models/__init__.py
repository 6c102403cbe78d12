"""Tables only, one file per group of nouns. Importing this package knows them all."""

from app.models.base import Base
from app.models.categories import DisclosureCategory
from app.models.chain import ChainCheck, ChainHead, ChainLink
from app.models.complaint_classes import ComplaintCategory, ComplaintClass, ComplaintRoute, ReplyTemplate
from app.models.complaint_trust import Erasure, PublicAnswer, SealedIdentity, UnsealRequest
from app.models.complaints import (
    Assignment,
    Complaint,
    ComplaintCadre,
    ComplaintEvent,
    ComplaintSubject,
    Rating,
)
from app.models.conversations import ChatDraft
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
from app.models.governance import HouseholdCount, Meeting, Member, Relation
from app.models.holdings import Asset, Budget, Fund, FundStatement
from app.models.income import Receipt, Receivable
from app.models.interaction import (
    Broadcast,
    ImportBatch,
    ImportMapping,
    Objection,
    PageView,
    Question,
    Tender,
    TenderSignUp,
    VillageFollow,
)
from app.models.ledgers import Contract, LedgerChange, Payment
from app.models.obligations import Obligation
from app.models.organisations import Organisation, QrPlacement, ScanEvent
from app.models.people import Appointment, Binding, LoginSession, Officer, Villager, WechatIdentity
from app.models.petitions import PetitionCount
from app.models.privacy import AttachmentText, PrivacyDecision
from app.models.projects import Project, ProjectStage
from app.models.rules import RuleBacktest, RuleRun, RuleSetting, RuleVerdict, TenderLimit
from app.models.supervision import ArrearsNotice, Campaign, CampaignAnswer, CountySetting, VillageScore
from app.models.trust import AuditEntry, CalendarDay, Export, JobTick, Lease, SettingHistory
from app.models.warnings import EarlyWarning, Silence, WarningEvent, WarningNotice
from app.models.welfare import Benefit, BenefitExclusion, DeathRecord, LabourSlip

__all__ = [
    "AccessToken",
    "Appointment",
    "ArrearsNotice",
    "Asset",
    "Assignment",
    "Attachment",
    "AttachmentText",
    "AuditEntry",
    "Base",
    "Benefit",
    "BenefitExclusion",
    "Binding",
    "Broadcast",
    "Budget",
    "CalendarDay",
    "Campaign",
    "CampaignAnswer",
    "ChainCheck",
    "ChainHead",
    "ChainLink",
    "ChatDraft",
    "Complaint",
    "ComplaintCadre",
    "ComplaintCategory",
    "ComplaintClass",
    "ComplaintEvent",
    "ComplaintRoute",
    "ComplaintSubject",
    "Contract",
    "CountySetting",
    "DeathRecord",
    "Disclosure",
    "DisclosureCategory",
    "DisclosureSearch",
    "DisclosureVersion",
    "EarlyWarning",
    "Erasure",
    "Export",
    "Fund",
    "FundStatement",
    "HouseholdCount",
    "ImportBatch",
    "ImportMapping",
    "InboundKey",
    "InboundMessage",
    "JobTick",
    "LabourSlip",
    "Lease",
    "LedgerChange",
    "LoginSession",
    "Meeting",
    "Member",
    "MessageTemplate",
    "Objection",
    "Obligation",
    "Officer",
    "Organisation",
    "OutgoingKey",
    "OutgoingMessage",
    "PageView",
    "Payment",
    "PetitionCount",
    "PrivacyDecision",
    "Project",
    "ProjectStage",
    "PublicAnswer",
    "QrPlacement",
    "Question",
    "Rating",
    "Receipt",
    "Receivable",
    "Relation",
    "ReplyTemplate",
    "RuleBacktest",
    "RuleRun",
    "RuleSetting",
    "RuleVerdict",
    "ScanEvent",
    "SealedIdentity",
    "SettingHistory",
    "Silence",
    "SubscriptionGrant",
    "Tender",
    "TenderLimit",
    "TenderSignUp",
    "UnsealRequest",
    "VillageFollow",
    "VillageScore",
    "Villager",
    "WarningEvent",
    "WarningNotice",
    "WechatIdentity",
]
