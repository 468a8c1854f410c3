"""Who may see a page or send a form, by the names that routes call them. Each is the Actor that was let in."""

from typing import Annotated

from logger.deps import allowed, own_subject
from logger.domain.accounts import Action, Actor

SeesToday = Annotated[Actor, allowed(Action.SEE_TODAY)]
BeginsSessions = Annotated[Actor, allowed(Action.RUN_SESSION, subject=own_subject)]  # of a class named in the form
RunsSession = Annotated[Actor, allowed(Action.RUN_SESSION)]
SeesAttendance = Annotated[Actor, allowed(Action.SEE_ATTENDANCE)]
CorrectsAttendance = Annotated[Actor, allowed(Action.CORRECT_ATTENDANCE)]
SeesPeople = Annotated[Actor, allowed(Action.SEE_PEOPLE)]
EditsPeople = Annotated[Actor, allowed(Action.EDIT_PEOPLE)]
IssuesCodes = Annotated[Actor, allowed(Action.ISSUE_CODES, subject=own_subject)]  # of a person named in the form
ShowsPresence = Annotated[Actor, allowed(Action.SHOW_PRESENCE)]
ErasesPeople = Annotated[Actor, allowed(Action.ERASE_PEOPLE)]
SeesClasses = Annotated[Actor, allowed(Action.SEE_CLASS, subject=own_subject)]  # a list, cut down to one's own
SeesClass = Annotated[Actor, allowed(Action.SEE_CLASS)]
MakesClasses = Annotated[Actor, allowed(Action.CREATE_CLASS)]
EditsClass = Annotated[Actor, allowed(Action.EDIT_CLASS)]
EditsRoster = Annotated[Actor, allowed(Action.EDIT_ROSTER)]
EditsSchedule = Annotated[Actor, allowed(Action.EDIT_SCHEDULE)]
SeesReports = Annotated[Actor, allowed(Action.SEE_REPORTS, subject=own_subject)]  # a list, cut down to one's own
SeesReport = Annotated[Actor, allowed(Action.SEE_REPORTS)]
SeesAudit = Annotated[Actor, allowed(Action.SEE_AUDIT)]
EditsSettings = Annotated[Actor, allowed(Action.EDIT_SETTINGS)]
EditsRooms = Annotated[Actor, allowed(Action.EDIT_ROOMS)]
EditsAccounts = Annotated[Actor, allowed(Action.EDIT_ACCOUNTS)]
EditsKeys = Annotated[Actor, allowed(Action.EDIT_KEYS)]
OwnsAccount = Annotated[Actor, allowed(Action.EDIT_OWN_ACCOUNT, subject=own_subject)]
