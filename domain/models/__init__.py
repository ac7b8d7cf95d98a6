"""The tables, a file per group of nouns."""

from domain.models.access import Photo, Receipt, RepeatedRequest, Throttle, VaultItem
from domain.models.areas import Area, AreaBoundary, AreaLead, Organisation
from domain.models.case import Anchor, AnchorLeaf, Case, CaseLink, ClockRow, NumberSeries, TimelineEntry
from domain.models.checklists import ChecklistTemplate, ChecklistVersion
from domain.models.errand import Errand
from domain.models.measures import (
    CaseMeasure,
    CaseMeasurePast,
    MeasuredDay,
    MeasuredName,
    MeasuredUntil,
    StageMeasure,
    StageMeasurePast,
)
from domain.models.notices import Notice
from domain.models.patrols import (
    PatrolAnswer,
    PatrolBatch,
    PatrolCampaign,
    PatrolCheckIn,
    PatrolPlan,
    PatrolPlanPoint,
    PatrolRoster,
    PatrolTask,
)
from domain.models.people import Account, Delegation, Person, Post
from domain.models.product_setting import ProductSetting
from domain.models.register_log import RegisterEntry, RegisterHead
from domain.models.reports import ReportEdition, ReportSubscription
from domain.models.rules import CalendarYear, OwnLimitRow
from domain.models.sign_in import (
    ApiToken,
    CodeMessage,
    ProviderLink,
    RecoveryCode,
    SecondFactor,
    SignIn,
    SignInCode,
)
from domain.models.venues import Building, Document, Facility, Floor, KeyPart, Venue, VenueCode
from domain.models.work import Attempt, Heartbeat, Outbox, TimetableRun

__all__ = [
    "Account",
    "Anchor",
    "AnchorLeaf",
    "ApiToken",
    "Area",
    "AreaBoundary",
    "AreaLead",
    "Attempt",
    "Building",
    "CalendarYear",
    "Case",
    "CaseLink",
    "CaseMeasure",
    "CaseMeasurePast",
    "ChecklistTemplate",
    "ChecklistVersion",
    "ClockRow",
    "CodeMessage",
    "Delegation",
    "Document",
    "Errand",
    "Facility",
    "Floor",
    "Heartbeat",
    "KeyPart",
    "MeasuredDay",
    "MeasuredName",
    "MeasuredUntil",
    "Notice",
    "NumberSeries",
    "Organisation",
    "Outbox",
    "OwnLimitRow",
    "PatrolAnswer",
    "PatrolBatch",
    "PatrolCampaign",
    "PatrolCheckIn",
    "PatrolPlan",
    "PatrolPlanPoint",
    "PatrolRoster",
    "PatrolTask",
    "Person",
    "Photo",
    "Post",
    "ProductSetting",
    "ProviderLink",
    "Receipt",
    "RecoveryCode",
    "RegisterEntry",
    "RegisterHead",
    "RepeatedRequest",
    "ReportEdition",
    "ReportSubscription",
    "SecondFactor",
    "SignIn",
    "SignInCode",
    "StageMeasure",
    "StageMeasurePast",
    "Throttle",
    "TimelineEntry",
    "TimetableRun",
    "VaultItem",
    "Venue",
    "VenueCode",
]
