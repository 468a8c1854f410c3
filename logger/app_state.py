"""What the lifespan opens and every request is given."""

from dataclasses import dataclass

from logger.services.access import AccessService
from logger.services.accounts import AccountsService
from logger.services.attendance import AttendanceService
from logger.services.audit import AuditService
from logger.services.ingest import IngestService
from logger.services.keys import KeyAdministration
from logger.services.live import LiveFeed
from logger.services.logins import LoginsService
from logger.services.marking import MarkingService
from logger.services.marks import MarksService
from logger.services.presence import PresenceService
from logger.services.presence_codes import PresenceCodesService
from logger.services.school import School
from logger.services.session_clock import SessionClock
from logger.services.session_views import SessionViews
from logger.services.sessions import SessionsService
from logger.services.sign_in import SignInService
from logger.services.tallies import TalliesService
from logger.web.rendering import Pages


@dataclass(frozen=True, slots=True)
class State:
    ingest: IngestService
    attendance: AttendanceService
    marking: MarkingService
    key_administration: KeyAdministration | None  # None: the keys are those of a setting
    accounts: AccountsService
    sign_in: SignInService
    logins: LoginsService
    access: AccessService
    audit: AuditService
    feed: LiveFeed
    marks: MarksService
    presence: PresenceService
    presence_codes: PresenceCodesService
    sessions: SessionsService
    session_views: SessionViews
    tallies: TalliesService
    session_clock: SessionClock
    pages: Pages
    school: School
    chores: SessionClock
