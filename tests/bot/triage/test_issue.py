from __future__ import annotations

from bot.triage.issue import Actor
from bot.triage.plan import Plan, Reopen
from tests.bot.triage.world import REPOSITORY


def test_a_repository_has_a_full_name():
    assert REPOSITORY.full_name == "octo/demo"


def test_owners_members_and_collaborators_are_maintainers():
    roles = ["OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN", "NONE", "NEW"]
    assert [role for role in roles if Actor("ann", association=role).is_maintainer] == roles[:3]


def test_a_plan_without_actions_is_empty():
    assert not Plan(verdict="Complete.")
    assert Plan((Reopen(because="A maintainer said so."),))
