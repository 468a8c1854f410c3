"""Whose e-mail and phone the caller may see."""

from collections.abc import Callable

from logger.domain.accounts import Action, Actor, Reach, reach_of
from logger.services.school import School


async def contacts_for(actor: Actor, school: School) -> Callable[[str], bool]:
    """Whether those of a person may be seen, by the person's id: of all, of the caller's own classes, or of nobody."""
    match reach_of(actor, Action.SEE_CONTACTS):
        case Reach.ANY:
            return lambda _: True
        case Reach.OWN_CLASS:
            people = await school.classes.people_of(actor.account_id)
            return lambda person_id: person_id in people
        case _:
            return lambda _: False
