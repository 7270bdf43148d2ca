"""Waiting issues over weeks, against the stateful fake GitHub with a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.github.writer import Outcome
from bot.triage.issue import Actor, Repository
from bot.triage.issue import Issue as TriageIssue
from bot.triage.plan import Action, Close, Reopen
from bot.triage.policy import load_policy
from bot.work.lanes import Lanes
from bot.work.sweeps import Chosen, Due
from tests.bot.work.bench import COMPLETE, INCOMPLETE, REPO
from tests.bot.work.place import ASKED, DAY, STALE, Place


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def test_asked_reminded_closed_answered_and_open_again(place: Place):
    place.commit(ASKED)
    issue = place.bench.open(INCOMPLETE)
    place.bench.settle()
    place.wait(13.9)
    assert len(place.comments(issue)) == 1
    place.wait(0.2)
    reminder = place.comments(issue)[1]
    assert reminder.body.startswith(f"<!-- community-triage-bot:notice reminder {day(place.clock.now + 7 * DAY)} -->")
    assert "will be closed after" in reminder.body
    for _ in range(7):
        place.wait(1)
        assert place.state(issue) == "open"
    place.wait(1)
    assert (issue.state, issue.state_reason) == ("closed", "not_planned")
    assert [line.split()[2] for line in place.said(issue)[1:]] == ["reminder", "closing"]
    place.clock.now += DAY
    place.fake.comment(REPO, issue, "ann", "Sorry, I was away. It is 1.2.3.")
    place.bench.settle()
    assert place.state(issue) == "open"
    assert [line.split()[2] for line in place.said(issue)[1:]] == ["over", "over"]
    place.wait(100)
    assert place.state(issue) == "open", "the maintainers owe the reply"
    assert not place.bench.dead()


def test_warned_answered_and_left_alone(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(61)
    assert "stale" in place.bench.labels(issue)
    assert "stale" in place.said(issue)[0]
    place.fake.comment(REPO, issue, "ann0", "It does.")
    place.bench.settle()
    assert "stale" not in place.bench.labels(issue)
    assert "over" in place.said(issue)[0]
    place.wait(200)
    assert place.state(issue) == "open"


def test_a_warning_that_somebody_deletes_begins_a_new_silence(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(61)
    place.fake.delete_comment(place.comments(issue)[0], by="mia")
    place.bench.settle()
    assert "stale" not in place.bench.labels(issue)
    place.wait(59)
    assert place.comments(issue) == []
    place.wait(2)
    assert len(place.comments(issue)) == 1


def test_nothing_is_closed_right_after_a_time_in_which_nobody_could_answer(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(61)
    place.fake.lock_issue(REPO, issue, by="mia")
    place.wait(30)
    place.fake.unlock_issue(REPO, issue, by="mia")
    place.wait(1)
    assert place.state(issue) == "open"
    assert "over" in place.said(issue)[0]


def test_nothing_is_closed_where_the_words_for_it_cannot_be_written(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(61)
    place.fake.faults.error(403, method="POST", path=".*/comments", times=1)
    place.wait(8)
    assert place.state(issue) == "open"
    assert [it.note for it in place.bench.journal(issue) if it.kind == "close"] == ["left out: not said"]
    place.wait(1.1)
    assert place.state(issue) == "closed"


@given(
    looked=st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=40),
    limits=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_a_sweep_keeps_to_its_limits_and_takes_those_that_waited_longest(
    looked: list[tuple[bool, int]], limits: tuple[int, int]
):
    said = "needs_info: {{days_until_reminder: 1, limit_per_run: {}}}\nstale: {{limit_per_run: {}}}"
    policy = load_policy(said.format(*limits).encode())
    chosen = Chosen(policy, swept_before=50)
    at = datetime(2030, 1, 1, tzinfo=UTC)
    for number, (asked, looked_at) in enumerate(looked, start=1):
        issue = TriageIssue(number, "", "", Actor("ann"), at, at)
        chosen.add(Due(issue, (Reopen(because="."),), policy.needs_info if asked else policy.stale, looked_at))
    for asked, limit in zip((True, False), limits, strict=True):
        waiting = sorted((at, n) for n, (it, at) in enumerate(looked, start=1) if it is asked and at <= 50)
        expected = {number for _, number in waiting[:limit]}
        assert {number for number in chosen.numbers if looked[number - 1][0] is asked} == expected
    assert chosen.left + len(chosen.numbers) == sum(at <= 50 for _, at in looked)


def test_what_the_author_closes_with_a_comment_stays_closed(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(61)
    place.fake.comment(REPO, issue, "ann0", "No longer.")
    place.fake.close(REPO, issue, by="ann0")
    place.bench.settle()
    place.wait(30)
    assert place.state(issue) == "closed"
    assert "stale" not in place.bench.labels(issue)


class BeatenApp:
    """The App, in a repository whose maintainer is a moment faster each time that it closes something."""

    def __init__(self, place: Place) -> None:
        github = place.bench.github
        self.id, self.slug, self._place = github.id, github.slug, place
        installed = github.installation(place.bench.installation.id)
        self.reader, self.threads, self._writer = installed.reader, installed.threads, installed.writer

    @property
    def writer(self) -> BeatenApp:
        return self

    def installation(self, _installation_id: int) -> BeatenApp:
        return self

    def perform(self, repo: Repository, number: int, action: Action) -> Outcome:
        if isinstance(action, Close):
            self._place.fake.close(REPO, number, by="mia")
            self._place.bench.waiting()  # and the news of it is lost
        return self._writer.perform(repo, number, action)


def test_a_person_who_closes_it_while_the_bot_does_is_the_one_who_closed_it(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(61)
    usual = place.bench.lanes
    place.bench.lanes = Lanes(place.bench.database, BeatenApp(place), place.bench.pace)  # type: ignore[arg-type]
    place.wait(8)
    place.bench.lanes = usual
    assert [line.split()[2] for line in place.said(issue)] == ["stale", "closing"]
    place.fake.comment(REPO, issue, "ann0", "It still matters.")
    place.bench.settle()
    assert place.state(issue) == "closed"
    assert "over" in place.said(issue)[0]


def test_an_answer_whose_news_was_lost_is_found_by_the_sweep(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(61)
    place.wait(8)
    assert place.state(issue) == "closed"
    place.wait(3)
    place.fake.comment(REPO, issue, "ann0", "It still matters.")
    place.bench.waiting()
    place.wait(1 / 24)
    assert place.state(issue) == "open"


def test_a_sweep_whose_reading_met_a_limit_says_so_and_goes_on_when_it_may(place: Place):
    place.commit(STALE)
    first, second = place.quiet(2)
    place.wait(59)
    place.fake.comment(REPO, second, "ann1", "Yes.")
    place.bench.waiting()
    place.clock.now += 2 * DAY
    place.fake.faults.graphql_limit(600)
    place.sweep()
    assert ["stale" in place.bench.labels(issue) for issue in (first, second)] == [True, False]
    (said,) = place.swept()
    assert "Partial: GitHub's limit stopped the reading after 0 issues; it goes on there at" in said
    planned = place.planned()
    assert planned is not None
    assert 0 < planned - place.bench.now() <= 601_000


def test_a_service_that_stops_ends_the_sweep_and_begins_it_again(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.clock.now += 61 * DAY
    place.chores.stop()
    place.sweep()
    assert place.comments(issue) == []
    assert place.planned() == round(place.clock.now * 1000)


def test_no_more_than_the_policy_says_at_a_time_and_the_rest_later(place: Place):
    place.commit(STALE.replace("}", ", limit_per_run: 2}"))
    issues = place.quiet(5)
    place.clock.now += 61 * DAY
    counts = []
    for _ in range(4):
        place.wait(1 / 24)
        counts.append(sum("stale" in place.bench.labels(issue) for issue in issues))
    assert counts == [2, 4, 5, 5]
    first, second, third = place.swept()
    assert first == (
        "2 issues are due by the policy, and looked at now."
        " Partial: 3 issues are due besides, and left for the next sweeps."
    )
    assert "Partial: 1 issue is due besides" in second
    assert third == "1 issue is due by the policy, and looked at now."


def test_a_policy_that_comes_does_not_warn_all_at_once(place: Place):
    issues = [place.bench.open(INCOMPLETE) for _ in range(4)]
    place.bench.settle()
    place.clock.now += 30 * DAY
    place.commit(ASKED.replace("}", ", limit_per_run: 1}"))
    assert [len(place.comments(issue)) for issue in issues] == [1, 1, 1, 1]
    place.wait(1.1)
    assert sum(len(place.comments(issue)) for issue in issues) == 5


def test_a_policy_that_ends_takes_the_warnings_back(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(61)
    place.commit("stale: {}")
    place.wait(1.1)
    assert "over" in place.said(issue)[0]
    assert "stale" not in place.bench.labels(issue)
    place.days(2)
    assert place.planned() is None


def test_in_a_dry_run_nothing_is_said_and_nothing_remembered_as_done(place: Place):
    place.commit(STALE + "dry_run: true\n")
    (issue,) = place.quiet()
    place.wait(61)
    place.wait(30)
    assert place.comments(issue) == []
    planned = [it.kind for it in place.bench.journal(issue) if it.state == "planned"]
    assert planned.count("post_notice") == 2
    assert not place.bench.record(issue).noticed


def test_without_a_policy_for_it_there_are_no_sweeps(place: Place):
    place.commit("{}")
    assert place.planned() is None


def test_a_limit_that_stops_the_reading_again_and_again_does_not_multiply_what_is_taken_up(place: Place):
    place.commit(STALE.replace("}", ", limit_per_run: 1}"))
    issues = place.quiet(4)
    place.clock.now += 61 * DAY
    place.fake.faults.graphql_limit(60, times=4)
    for _ in range(5):
        place.wait(62 / DAY)
    assert sum("stale" in place.bench.labels(issue) for issue in issues) == 1
    place.wait(1 / 24)
    assert sum("stale" in place.bench.labels(issue) for issue in issues) == 2


def test_an_issue_that_cannot_be_read_keeps_none_waiting(place: Place):
    place.commit(STALE.replace("}", ", limit_per_run: 1}"))
    first, second = place.quiet(2)
    place.fake.faults.error(403, method="GET", path=f"/issues/{first.number}$", times=-1)
    place.clock.now += 61 * DAY
    for _ in range(2):
        place.wait(1 / 24)
    assert "stale" in place.bench.labels(second)


def test_a_github_that_does_not_answer_leaves_the_sweep_the_mirror_that_there_is(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(1)
    place.fake.faults.error(502, method="POST", path="/graphql$", times=-1)
    place.wait(61)
    assert "stale" in place.bench.labels(issue)
    assert "Partial: GitHub did not answer (" in place.swept()[-1]


def test_a_sweep_asks_nothing_of_pull_requests(place: Place):
    place.commit(STALE)
    place.quiet()
    place.wait(1)
    place.bench.forget_calls()
    place.wait(1 / 24)
    assert len(place.bench.calls("POST", "/graphql")) == 1


def test_a_question_hidden_in_a_long_talk_is_found_by_the_look(place: Place):
    place.commit(STALE)
    issue = place.fake.open_issue(REPO, "ann", "It broke", COMPLETE)
    for _ in range(5):
        place.fake.comment(REPO, issue, "sam", "+1")
    place.clock.now += 60
    place.fake.comment(REPO, issue, "mia", "Does it still happen?")
    for _ in range(21):
        place.fake.comment(REPO, issue, "ci", "Build", bot=True)
    place.bench.settle()
    place.wait(61)
    assert "stale" in place.bench.labels(issue)


def test_an_author_who_was_asked_by_a_label_alone_is_reminded(place: Place):
    place.commit(ASKED)
    issue = place.fake.open_issue(REPO, "ann", "It broke", COMPLETE)
    place.bench.settle()
    place.wait(3)
    place.fake.label(REPO, issue, "needs-info", by="mia")
    place.bench.settle()
    place.wait(13.9)
    assert place.comments(issue) == []
    place.wait(0.2)
    assert [line.split()[2] for line in place.said(issue)] == ["reminder"]


def test_the_label_goes_with_its_warning_though_the_policy_calls_it_otherwise_by_then(place: Place):
    issue = place.warned()
    place.commit(STALE.replace("}", ", label: inactive}"))
    place.fake.comment(REPO, issue, "ann0", "Yes.")
    place.bench.settle()
    assert "stale" not in place.bench.labels(issue)


def test_a_warning_is_said_anew_with_the_day_where_the_policy_comes_to_close(place: Place):
    issue = place.warned("stale: {days_until_stale: 60}\n")
    place.wait(10)
    place.commit(STALE)
    place.wait(1 / 24)
    assert [line.split()[2:4] for line in place.said(issue)] == [
        ["over", place.said(issue)[0].split()[3]],
        ["stale", day(place.clock.now + 7 * DAY)],
    ]
    place.wait(7)
    assert place.state(issue) == "open"
    place.wait(1)
    assert place.state(issue) == "closed"


def test_a_new_warning_that_cannot_be_written_leaves_the_old_one(place: Place):
    issue = place.warned("stale: {days_until_stale: 60}\n")
    place.commit(STALE)
    place.fake.faults.error(403, method="POST", path=".*/comments", times=1)
    place.wait(1.1)
    assert [line.split()[2] for line in place.said(issue)] == ["stale"]
