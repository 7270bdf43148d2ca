"""The rules, in the report's order, which is also the order of precedence: what can be settled soonest comes first."""

from __future__ import annotations

from bot.issuebash.rule import Rule
from bot.issuebash.rules import (
    answered,
    duplicates,
    easy_to_answer,
    needs_decision,
    no_maintainer_reply,
    our_turn,
    outdated,
    popular_and_old,
    probably_fixed,
    voices_after_close,
    waiting_on_author,
    zombie_assignee,
)

RULES: tuple[Rule, ...] = (
    probably_fixed.RULE,
    duplicates.RULE,
    answered.RULE,
    our_turn.RULE,
    waiting_on_author.RULE,
    easy_to_answer.RULE,
    outdated.RULE,
    no_maintainer_reply.RULE,
    needs_decision.RULE,
    popular_and_old.RULE,
    zombie_assignee.RULE,
    voices_after_close.RULE,
)
