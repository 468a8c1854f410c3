"""The services of a school's data, as routes are given them."""

from dataclasses import dataclass

from logger.services.calendar_links import CalendarLinksService
from logger.services.classes import ClassesService
from logger.services.exports import ExportsService
from logger.services.people import PeopleService
from logger.services.personal_data import PersonalDataService
from logger.services.reports import ReportsService
from logger.services.retention import RetentionService
from logger.services.schedules import SchedulesService


@dataclass(frozen=True, slots=True)
class School:
    people: PeopleService
    classes: ClassesService
    schedules: SchedulesService
    calendars: CalendarLinksService
    reports: ReportsService
    exports: ExportsService
    personal_data: PersonalDataService
    retention: RetentionService
