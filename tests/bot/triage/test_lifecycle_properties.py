"""No sequence of events breaks the lifecycle's promises: people, bots, time, crashes, lost news, changing policies.

What the lane heard (the world's history) and what the mirror saw when a sweep last filled it are kept apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.store.waiting import Seen
from bot.triage import lifecycle
from bot.triage.decide import decide
from bot.triage.issue import Actor
from bot.triage.notices import notices
from bot.triage.plan import (
    Action,
    AddLabels,
    Close,
    Plan,
    PostNotice,
    Remember,
    RemoveLabel,
    Reopen,
    RetractNotice,
)
from bot.triage.waiting import least_days
from tests.bot.triage.world import AUTHOR, MAINTAINER, STRANGER, World, bug, context, kinds, world

POLICIES = (
    "stale: {days_until_stale: 20, days_until_close: 5}",
    "stale: {days_until_stale: 10, days_until_close: 9}\nneeds_info: {days_until_reminder: 5, days_until_close: 3}",
    "needs_info: {days_until_reminder: 10, days_until_close: 5}\nrequest: {deadline_days: 20}",
    "stale: {days_until_stale: 15}\nneeds_info: {days_until_reminder: 5}",
    "stale: {days_until_stale: 15, days_until_close: 2, exempt_authors: ann}",
    "stale: {days_until_stale: 30, days_until_close: 5, labels: {bug: {days_until_stale: 5, days_until_close: 1}}}",
    "",
)
CONTEXTS = {policy: context(policy) for policy in POLICIES}
CI = Actor("ci[bot]", is_bot=True)
GHOST = Actor("ghost")
HELD: dict[type[Action], set[type[Action]]] = {PostNotice: {Close, RetractNotice}, Reopen: {RetractNotice}}
"""What is left out where the one before was refused."""


@dataclass(frozen=True)
class Promise:
    """A warning that stands: nothing is closed before this day is over."""

    at: datetime
    day: date | None


@dataclass(frozen=True)
class Unheard:
    """Something that a person did and no webhook told."""

    at: datetime
    by_author: bool = False


class Lifecycle(RuleBasedStateMachine):
    """One issue. The machine keeps its own book of who did what, and judges each action by it."""

    met: World

    @initialize(
        policy=st.sampled_from(POLICIES[:4]), body=st.sampled_from((bug(), bug(problem=""))), asked=st.booleans()
    )
    def open(self, policy: str, body: str, *, asked: bool) -> None:
        self.met = world(body)
        self.met.context = CONTEXTS[policy]
        self.promises: dict[int, Promise] = {}
        self.human_at = self.author_at = self.met.now
        self.edited_at: datetime | None = None
        self.maintainer_at: datetime | None = None
        self.closed_by = ""
        self.spoke_after_closing = self.stale_by_person = self.pinned = self.author_gone = False
        self.asked_by_label: datetime | None = None
        self.over_at = self.met.now
        self.unheard: list[Unheard] = []
        self.seen: Seen | None = None
        self.met.now += timedelta(seconds=1)
        self.look(swept=False)
        if asked:
            self.somebody_else_speaks(MAINTAINER)

    # The bot.

    def fill(self) -> None:
        """The mirror learns all that GitHub shows, also what nobody told the lane."""
        for news in self.unheard:
            self.human_at = max(self.human_at, news.at)
            self.edited_at = max(filter(None, (self.edited_at, news.at if news.by_author else None)), default=None)
        self.unheard = []
        labelled = (("needs-info", self.asked_by_label),) if self.asked_by_label else ()
        self.seen = Seen(self.human_at, self.edited_at, self.pinned, transferred_in=False, labelled_at=labelled)

    def planned(self, *, swept: bool) -> Plan:
        """As the lane decides: with what it heard, and what the mirror tells where waiting may have come to something.

        Of a look for a sweep, this is what the sweep found by the mirror, too.
        """
        heard = replace(self.met.history, swept=swept)
        known = self.seen.added_to(heard) if self.seen and lifecycle.concerned(heard) else heard
        self.met.history = known
        plan = self.met.decide()
        self.met.history = heard
        return plan

    def look(self, *, swept: bool, most: int | None = None, refused: type[Action] | None = None) -> None:
        """Decide and carry it out; with `most`, the machine stops after so many actions. `refused`: by GitHub."""
        met = self.met
        if swept:
            self.fill()
        held: set[type[Action]] = set()
        failed = False
        for action in self.planned(swept=swept).actions[:most]:
            if type(action) is refused:
                failed = True
                held |= HELD.get(type(action), set())
            if type(action) in {refused, *held} or (failed and isinstance(action, Remember)):
                continue
            self.judge(action, swept=swept)
            before = len(met.issue.comments)
            met.carry_out(action)
            self.note(action, before)
        if most is None and refused is None:
            assert kinds(self.planned(swept=swept)) == []
            return
        # As the next look finds out of what was begun.
        met.history = replace(
            met.history,
            noticed=met.history.noticed or bool(self.standing()),
            closed_by_bot=met.history.closed_by_bot or (self.closed_by == "bot" and met.issue.state == "closed"),
        )

    def judge(self, action: Action, *, swept: bool) -> None:
        met = self.met
        commanded = "wrote /" in action.because
        if isinstance(action, PostNotice):
            assert swept, "only a sweep says something new"
            assert not self.maintainers_owe()
            assert not self.pinned
            least = least_days(met.context.policy)
            assert least is not None
            silent = met.now - max(self.human_at, self.over_at)
            assert silent >= timedelta(days=least) or self.stale_by_person or self.promises
        if isinstance(action, Close) and not commanded:
            assert swept or "closing" in self.standing()
            assert not (swept and self.pinned)
            promise = max(self.promises.values(), key=lambda it: it.at)
            assert promise.day is not None
            assert met.now.date() > promise.day
            assert self.human_at <= promise.at, "somebody has said something since"
            assert not self.maintainers_owe()
            assert not met.history.skipped
            assert "pinned" not in met.issue.labels
        if isinstance(action, Reopen) and not commanded:
            assert self.closed_by == "bot"
            assert self.spoke_after_closing
            assert not met.history.skipped

    def note(self, action: Action, before: int) -> None:
        met = self.met
        if isinstance(action, PostNotice):
            found = {it.comment.id: it for it in notices(met.issue)}[met.issue.comments[before].id]
            if found.kind != "closing":
                self.promises[found.comment.id] = Promise(met.now, found.day)
        if isinstance(action, RetractNotice):
            self.over_at = met.now.replace(microsecond=0)
            self.promises.pop(action.comment_id, None)
        if isinstance(action, Close):
            self.closed_by = "person" if "wrote /" in action.because else "bot"
            self.spoke_after_closing = False
        if isinstance(action, Reopen):
            self.closed_by = ""

    def standing(self) -> list[str]:
        return [notice.kind for notice in notices(self.met.issue) if notice.kind != "over"]

    def maintainers_owe(self) -> bool:
        request = self.met.history.request
        is_open = request is not None and not request.resolved
        asked = [self.maintainer_at] if self.maintainer_at else []
        asked += [request.asked_at] if request is not None and is_open and request.asked_at else []
        asked += [self.asked_by_label] if self.asked_by_label else []
        said = [self.author_at, *([self.edited_at] if self.edited_at and not is_open else [])]
        return not asked or max(said) >= max(asked)

    # What happens.

    @rule(days=st.integers(5, 60))
    def time_passes_without_a_sweep(self, days: int) -> None:
        self.met.now += timedelta(days=days)
        self.look(swept=False)

    @rule()
    def minutes_pass(self) -> None:
        self.met.now += timedelta(minutes=7)

    @rule()
    def the_sweep_comes(self) -> None:
        self.look(swept=True)

    @rule(days=st.integers(5, 40))
    def quiet_days_with_their_sweeps(self, days: int) -> None:
        for _ in range(days):
            self.met.now += timedelta(days=1)
            self.look(swept=True)

    @precondition(lambda self: self.met.issue.state == "open")
    @rule(stopped=st.booleans(), then=st.sampled_from(("", "close and comment", "close unheard", "open and close")))
    def it_is_asked_about_and_then_nobody_says_anything(self, *, stopped: bool, then: str) -> None:
        """The way to being closed; with `stopped`, the machine stops between the closing words and closing."""
        self.nobody_says_anything(stopped=stopped)
        if self.author_gone:
            return
        if then == "close and comment":
            self.close_and_comment(AUTHOR)
        elif then and self.met.issue.state == ("open" if then == "close unheard" else "closed"):
            self.news_of_a_persons_closing_are_lost()
        if then:
            self.the_author_answers("Yes, still.")

    def nobody_says_anything(self, *, stopped: bool) -> None:
        self.somebody_else_speaks(MAINTAINER)
        for _ in range(70):
            self.met.now += timedelta(days=1)
            self.fill()
            closes = any(isinstance(action, Close) for action in self.planned(swept=True).actions)
            self.look(swept=True, most=1 if closes and stopped else None)
            if closes:
                return

    @rule(done=st.integers(0, 4))
    def the_machine_stops_in_the_middle_of_a_sweep(self, done: int) -> None:
        self.look(swept=True, most=done)

    @rule(kind=st.sampled_from((PostNotice, RetractNotice, Close, Reopen, AddLabels, RemoveLabel)))
    def github_refuses_a_write_of_a_sweep(self, kind: type[Action]) -> None:
        self.look(swept=True, refused=kind)

    @precondition(lambda self: not self.author_gone)
    @rule(kind=st.sampled_from((Reopen, RetractNotice, RemoveLabel)))
    def github_refuses_a_write_when_the_author_answers(self, kind: type[Action]) -> None:
        was_closed_by = self.closed_by
        self.said(AUTHOR, "Yes, still.")
        self.look(swept=False, refused=kind)
        self.look(swept=False)
        if was_closed_by == "bot" and not self.met.history.skipped:
            assert self.met.issue.state == "open"

    @precondition(lambda self: not self.author_gone)
    @rule(text=st.sampled_from(("Yes, still.", "I could not try it yet.")))
    def the_author_answers(self, text: str) -> None:
        was_closed_by = self.closed_by
        self.said(AUTHOR, text)
        self.look(swept=False)
        if was_closed_by == "bot" and not self.met.history.skipped:
            assert self.met.issue.state == "open"
        if self.met.issue.state == "open":
            assert self.standing() == []

    @precondition(lambda self: not self.author_gone)
    @rule()
    def the_author_edits(self) -> None:
        self.met.now += timedelta(seconds=1)
        self.met.edit(bug(problem=f"It stops, {self.met.now:%H:%M:%S}."))
        self.human_at = self.edited_at = self.met.now
        self.spoke_after_closing = True
        self.look(swept=False)
        if self.met.issue.state == "open":
            assert self.standing() == []

    @rule(who=st.sampled_from((MAINTAINER, STRANGER)))
    def somebody_else_speaks(self, who: Actor) -> None:
        self.said(who, "Hm.")
        self.look(swept=False)
        if self.met.issue.state == "open":
            assert self.standing() == []

    @rule()
    def news_of_a_maintainers_word_are_lost(self) -> None:
        before = self.met.history
        self.said(MAINTAINER, "Which version?")
        self.met.history = before

    @precondition(lambda self: not self.author_gone)
    @rule(lost=st.booleans())
    def the_author_edits_a_comment(self, *, lost: bool) -> None:
        own = [it.id for it in self.met.issue.comments if it.author == AUTHOR]
        self.met.now += timedelta(seconds=1)
        if not own:
            return
        if lost:
            self.unheard.append(Unheard(self.met.now, by_author=True))
            return
        self.met.edit_comment(own[0], AUTHOR, f"It was so, {self.met.now:%H:%M:%S}.")
        self.human_at = self.edited_at = self.met.now
        self.spoke_after_closing = True
        self.look(swept=False)
        if self.met.issue.state == "open":
            assert self.standing() == []

    @rule(by_author=st.booleans())
    def news_of_an_edit_or_of_unlocking_are_lost(self, *, by_author: bool) -> None:
        self.met.now += timedelta(seconds=1)
        self.spoke_after_closing = self.spoke_after_closing or by_author
        self.unheard.append(Unheard(self.met.now, by_author=by_author and not self.author_gone))

    @precondition(lambda self: self.met.issue.state == "closed")
    @rule()
    def news_of_opening_it_again_are_lost(self) -> None:
        self.met.now += timedelta(seconds=1)
        before = self.met.history
        self.met.reopen_by_hand()
        self.met.history = before
        self.closed_by = ""
        self.unheard.append(Unheard(self.met.now))

    @rule(pinned=st.booleans(), lost=st.booleans())
    def it_is_pinned_or_unpinned(self, *, pinned: bool, lost: bool) -> None:
        self.pinned = pinned
        if not lost:
            self.met.history = replace(self.met.history, pinned=pinned)
            self.look(swept=False)

    @rule(name=st.sampled_from(("label", "claim")))
    def a_maintainer_speaks_to_the_bot_alone(self, name: str) -> None:
        self.said(MAINTAINER, f"/{name} docs", command=name)
        self.look(swept=False)

    @precondition(lambda self: not self.author_gone)
    @rule()
    def the_author_deletes_the_account(self) -> None:
        issue = self.met.issue
        comments = (replace(it, author=GHOST) if it.author == AUTHOR else it for it in issue.comments)
        self.met.issue = replace(issue, author=GHOST, comments=tuple(comments))
        self.author_gone = True

    @rule(what=st.sampled_from(("speaks", "labels", "unlabels")))
    def another_bot_does_something(self, what: str) -> None:
        self.look(swept=False)
        before = self.standing()
        if what == "speaks":
            self.met.comment(CI, "Build 7 failed.")
        else:
            before_it = self.met.issue.labels
            self.met.label_by_another_bot("stale", on=what == "labels")
            # Where it was so already, nothing happened.
            self.stale_by_person = self.stale_by_person and self.met.issue.labels == before_it
        self.look(swept=False)
        assert self.standing() == before, "no bot tells whether anybody cares"

    @precondition(lambda self: not self.author_gone)
    @rule(who=st.sampled_from((AUTHOR, MAINTAINER)))
    def close_and_comment(self, who: Actor) -> None:
        self.said(who, "That is that.")
        if self.met.issue.state == "open":
            self.met.close_by_hand()
            self.closed_by = "person"
            self.human_at = self.met.now
        self.look(swept=False)

    @precondition(lambda self: self.met.issue.state == "open")
    @rule(minutes=st.sampled_from((5, 120)))
    def news_of_a_persons_closing_are_lost(self, minutes: int = 120) -> None:
        self.met.now += timedelta(minutes=minutes)
        before = self.met.history
        self.met.close_by_hand()
        self.met.history = before
        self.closed_by, self.human_at = "person", self.met.now

    @precondition(lambda self: self.met.issue.state == "closed")
    @rule(minutes=st.sampled_from((5, 120)))
    def news_of_a_persons_opening_and_closing_are_lost(self, minutes: int) -> None:
        self.news_of_a_persons_closing_are_lost(minutes)

    @precondition(lambda self: self.met.issue.state == "closed")
    @rule()
    def somebody_opens_it_again(self) -> None:
        self.met.now += timedelta(seconds=1)
        self.met.reopen_by_hand()
        self.closed_by, self.human_at = "", self.met.now
        self.look(swept=False)

    @precondition(lambda self: not self.author_gone)
    @rule(
        who=st.sampled_from((AUTHOR, MAINTAINER, STRANGER)),
        name=st.sampled_from(("close", "reopen", "needs-info", "triage", "skip-triage")),
    )
    def a_command_is_given(self, who: Actor, name: str) -> None:
        self.said(who, f"/{name}", command=name)
        self.look(swept=False)

    @rule(label=st.sampled_from(("stale", "needs-info", "pinned")))
    def a_label_is_put_on(self, label: str) -> None:
        self.met.label_by_hand(label)
        self.stale_by_person = self.stale_by_person or label == "stale"
        self.asked_by_label = self.met.now if label == "needs-info" else self.asked_by_label
        self.look(swept=False)

    @rule(label=st.sampled_from(("stale", "needs-info", "pinned")))
    def a_label_is_taken_off(self, label: str) -> None:
        self.met.unlabel_by_hand(label)
        self.stale_by_person = self.stale_by_person and label != "stale"
        self.asked_by_label = None if label == "needs-info" else self.asked_by_label
        self.look(swept=False)

    @rule(policy=st.sampled_from(POLICIES))
    def the_policy_changes(self, policy: str) -> None:
        labels = self.met.context.known_labels
        self.met.context = replace(CONTEXTS[policy], known_labels=labels)

    def said(self, who: Actor, text: str, command: str = "") -> None:
        self.met.now += timedelta(seconds=1)
        if command:
            self.met.command(who, command)
        else:
            self.met.comment(who, text)
        self.human_at = self.met.now
        if who is AUTHOR:
            self.author_at = self.met.now
            self.spoke_after_closing = self.spoke_after_closing or command != "close"
        if who is MAINTAINER and command in {"", "needs-info"}:
            self.maintainer_at = self.met.now

    # What always holds.

    @invariant()
    def what_other_bots_write_changes_nothing(self) -> None:
        if not hasattr(self, "met"):
            return
        met = self.met
        history = replace(met.history, swept=True)
        comments = tuple(it for it in met.issue.comments if it.by_this_app or not it.author.is_bot)
        issue = replace(met.issue, comments_known=True)
        without = decide(replace(issue, comments=comments), met.context, history, met.now)
        assert without == decide(issue, met.context, history, met.now)


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
