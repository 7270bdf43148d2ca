"""A repository's lane: from deliveries to an issue that is where it should be."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.store import repositories
from bot.store.tables import installations
from bot.work.pace import Pace
from tests.bot.work.bench import COMPLETE, INCOMPLETE, REPO, Bench, again

TEMPLATE = ".github/ISSUE_TEMPLATE/bug.yml"


def test_a_new_issue_costs_one_call_for_labels_and_one_comment(bench: Bench):
    bench.open()
    bench.settle()
    bench.forget_calls()

    issue = bench.open()
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}
    (request,) = bench.requests(issue)
    assert "Version" in request.body
    assert bench.calls() == [
        f"POST /repos/{REPO}/issues/{issue.number}/labels",
        f"POST /repos/{REPO}/issues/{issue.number}/comments",
    ]


def test_the_journal_tells_each_action_with_its_because_and_its_delivery(bench: Bench):
    issue = bench.open()
    (opened,) = (it for it in bench.fake.hooks.deliveries if it.action == "opened")
    bench.settle()
    entries = bench.journal(issue)
    assert [(it.kind, it.state) for it in entries] == [("add_labels", "done"), ("post_request", "done")]
    assert {it.guid for it in entries} == {opened.guid}
    assert all(it.because for it in entries)
    assert entries[1].detail == f"comment {bench.requests(issue)[0].id}"
    assert "It fell over" not in str(entries)


def test_a_complete_issue_gets_its_labels_and_no_comment(bench: Bench):
    issue = bench.open(COMPLETE)
    bench.settle()
    assert bench.labels(issue) == {"bug"}
    assert not bench.requests(issue)
    assert bench.record(issue).waiting_on == "maintainers"


def test_an_edit_that_supplies_it_resolves_the_request(bench: Bench):
    issue = bench.open()
    bench.settle()
    assert bench.record(issue).waiting_on == "author"
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.settle()
    assert bench.labels(issue) == {"bug"}
    (request,) = bench.requests(issue)
    assert bench.record(issue).request_resolved
    assert bench.record(issue).request_body == request.body
    assert bench.record(issue).intent.post is False


def test_a_reply_that_supplies_it_counts_and_chat_does_not(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.comment(REPO, issue, "ben", "Same here!")
    bench.settle()
    assert not bench.record(issue).request_resolved
    bench.fake.comment(REPO, issue, "ben", "### Version\n\n1.2.3\n")
    bench.settle()
    assert bench.record(issue).request_resolved
    assert bench.labels(issue) == {"bug"}


def test_deliveries_out_of_order_end_right(bench: Bench):
    issue = bench.open()
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    opened, *edits = bench.waiting()
    for delivery in (*edits, opened):
        for lane in bench.hand_over([delivery]):
            bench.lanes.run(lane)
    bench.settle()
    assert bench.labels(issue) == {"bug"}
    assert not bench.requests(issue)


def test_deliveries_twice_change_nothing(bench: Bench):
    issue = bench.open()
    some = bench.waiting()
    for delivery in (*some, *some, *map(again, some)):
        for lane in bench.hand_over([delivery]):
            bench.lanes.run(lane)
    bench.settle()
    assert len(bench.requests(issue)) == 1


def test_what_the_bot_did_itself_leads_to_nothing(bench: Bench):
    issue = bench.open()
    bench.once()
    own = bench.waiting()
    assert {(it.event, it.action) for it in own} == {("issues", "labeled"), ("issue_comment", "created")}
    bench.forget_calls()
    for lane in bench.hand_over(own):
        bench.lanes.run(lane)
    assert bench.calls() == []
    assert bench.record(issue).labels_by_people == set()
    assert bench.record(issue).last_human_at == int(issue.created_at) * 1000


def test_a_label_that_a_person_took_off_is_not_put_on_again(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.unlabel(REPO, issue, "bug", by="max")
    bench.fake.edit_issue(REPO, issue, body=INCOMPLETE + "More words.")
    bench.settle()
    assert bench.labels(issue) == {"needs-info"}
    assert bench.record(issue).labels_removed_by_people == {"bug"}


def test_a_label_that_a_person_put_on_stays(bench: Bench):
    issue = bench.open(COMPLETE)
    bench.settle()
    bench.fake.label(REPO, issue, "needs-info", by="max")
    bench.settle()
    bench.fake.edit_issue(REPO, issue, body=COMPLETE + "More words.")
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}


def test_a_renamed_label_is_still_the_bots_own(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.rename_label(REPO, "needs-info", "awaiting")
    bench.settle()
    assert bench.record(issue).labels_by_bot == {"bug", "awaiting"}


def test_a_command_is_carried_out_once(bench: Bench):
    issue = bench.open(COMPLETE)
    bench.settle()
    bench.fake.collaborator(REPO, "max")
    bench.fake.comment(REPO, issue, "max", "/label extra")
    (said,) = bench.waiting()
    bench.hand_over([said])
    bench.settle()
    assert bench.labels(issue) == {"bug", "extra"}
    bench.fake.unlabel(REPO, issue, "extra", by="max")
    bench.hand_over([again(said)])
    bench.settle()
    assert bench.labels(issue) == {"bug"}


def test_a_command_written_by_an_edit_is_no_command(bench: Bench):
    issue = bench.open(COMPLETE)
    bench.settle()
    bench.fake.collaborator(REPO, "max")
    comment = bench.fake.comment(REPO, issue, "max", "Hm.")
    bench.fake.edit_comment(comment, "/label extra")
    bench.settle()
    assert bench.labels(issue) == {"bug"}


def test_talk_on_an_issue_with_no_request_costs_no_call(bench: Bench):
    issue = bench.open(COMPLETE)
    bench.settle()
    bench.forget_calls()
    bench.fake.comment(REPO, issue, "max", "Interesting.")
    bench.settle()
    assert bench.calls() == []
    assert bench.record(issue).waiting_on == "author"


def test_pull_requests_are_left_alone(bench: Bench):
    pull = bench.fake.open_pull_request(REPO, "ann", "Mend it", "…")
    bench.fake.comment(REPO, pull, "ann", "/label extra")
    bench.settle()
    assert bench.calls() == ["GET /app"]


def test_a_request_that_a_person_deleted_is_not_written_again(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.delete_comment(bench.requests(issue)[0].id, by="max")
    bench.fake.edit_issue(REPO, issue, body=INCOMPLETE + "More words.")
    bench.settle()
    assert not bench.requests(issue)
    assert not bench.dead()


def test_what_people_do_to_the_state_is_theirs(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.close(REPO, issue, by="max")
    bench.settle()
    assert (bench.record(issue).state, bench.record(issue).closed_by_bot) == ("closed", False)
    bench.fake.reopen(REPO, issue, by="ann")
    bench.settle()
    assert bench.record(issue).state == "open"
    assert len(bench.requests(issue)) == 1


def test_a_suspended_installation_is_known_as_such(bench: Bench):
    bench.fake.suspend(bench.installation)
    bench.settle()
    with bench.database.read() as connection:
        assert connection.execute(sa.select(installations.c.suspended)).scalars().all() == [True]


def test_repositories_given_and_taken_later_are_known(bench: Bench):
    bench.fake.add_repository("octo-org/other")
    other = bench.fake.repository("octo-org/other").id
    bench.settle()
    bench.fake.choose_repositories(bench.installation, removed=["octo-org/other"])
    bench.settle()
    with bench.database.read() as connection:
        assert [known.repository.id for known in repositories.every(connection)] == [bench.repository_id]
    bench.fake.choose_repositories(bench.installation, added=["octo-org/other"])
    bench.settle()
    with bench.database.read() as connection:
        assert other in [known.repository.id for known in repositories.every(connection)]


def test_an_issue_that_is_gone_needs_nothing(bench: Bench):
    issue = bench.open()
    bench.fake.edit_issue(REPO, issue, body=INCOMPLETE + "More words.")
    bench.fake.delete_issue(REPO, issue, by="max")
    bench.settle()
    assert not bench.dead()
    assert bench.record(issue).state == "gone"


def test_changed_templates_are_held_against_open_requests(bench: Bench):
    asked, complete = bench.open(), bench.open(COMPLETE)
    bench.settle()
    bench.fake.push(REPO, {TEMPLATE: _form_without_requirements()})
    bench.settle()
    assert bench.record(asked).request_resolved
    assert bench.labels(asked) == {"bug"}
    assert not bench.requests(complete)


def test_a_push_of_other_files_or_to_another_branch_changes_nothing(bench: Bench):
    bench.open()
    bench.settle()
    bench.forget_calls()
    bench.fake.push(REPO, {"README.md": "Hello"})
    bench.fake.push(REPO, {TEMPLATE: _form_without_requirements()}, branch="next")
    bench.settle()
    assert bench.calls() == []


def test_under_a_broken_policy_the_last_good_one_goes_on_and_the_journal_says_so_once(bench: Bench):
    bench.fake.push(REPO, {".github/triage.yml": "labels:\n  needs_info: extra\n"})
    first = bench.open()
    bench.settle()
    assert bench.labels(first) == {"bug", "extra"}
    bench.fake.push(REPO, {".github/triage.yml": "labels:\n  unheard_of: 1\n"})
    bench.settle()
    second, third = bench.open(), bench.open()
    bench.settle()
    assert bench.labels(second) == bench.labels(third) == {"bug", "extra"}
    (noted,) = (it for it in bench.journal() if it.kind == "policy_broken")
    assert ".github/triage.yml:2:" in noted.because
    bench.fake.push(REPO, {".github/triage.yml": None})
    fourth = bench.open()
    bench.settle()
    assert bench.labels(fourth) == {"bug", "needs-info"}


def test_a_broken_wording_is_told_once_and_the_built_in_one_is_used(bench: Bench):
    bench.fake.push(REPO, {".github/triage.yml": "request:\n  wording:\n    request: '{{ nothing }}'\n"})
    first, second = bench.open(), bench.open()
    bench.settle()
    bench.restart()
    bench.open()
    bench.settle()
    assert "Version" in bench.requests(first)[0].body
    assert bench.requests(second)
    (noted,) = (it for it in bench.journal() if it.kind == "policy_broken")
    assert noted.because.startswith(".github/triage.yml:3:")
    with bench.database.read() as connection:
        known = repositories.get(connection, bench.repository_id)
    assert known is not None
    assert known.policy_problems == noted.because


def test_a_dry_run_writes_the_journal_and_nothing_else(bench: Bench):
    bench.fake.push(REPO, {".github/triage.yml": "dry_run: true\n"})
    issue = bench.open()
    bench.settle()
    assert [(it.kind, it.state) for it in bench.journal(issue)] == [
        ("add_labels", "planned"),
        ("post_request", "planned"),
    ]
    assert not bench.calls("POST", "/labels")
    assert not bench.requests(issue)


def test_issues_from_before_the_installation_are_left_alone(bench: Bench):
    issue = bench.open(created_at=bench.fake.clock() - 86_400)
    bench.settle()
    assert not bench.requests(issue)


def test_with_a_new_database_a_request_is_found_and_not_written_again(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.new_database()
    bench.fake.edit_issue(REPO, issue, body=INCOMPLETE + "More words.")
    bench.settle()
    assert len(bench.requests(issue)) == 1
    assert bench.record(issue).request_comment_id == bench.requests(issue)[0].id


def test_a_repository_that_was_renamed_is_still_the_same(bench: Bench):
    first = bench.open()
    bench.settle()
    bench.fake.rename(REPO, "shown")
    renamed = "octo-org/shown"
    bench.fake.edit_issue(renamed, first.number, body=COMPLETE)
    bench.settle()
    assert set(bench.fake.labels_of(renamed, first.number)) == {"bug"}


def test_a_repository_that_the_app_lost_is_let_go(bench: Bench):
    issue = bench.open()
    some = bench.waiting()
    bench.fake.uninstall(bench.installation)
    bench.hand_over(some)
    bench.settle()
    assert not bench.requests(issue)
    assert bench.undone() == 0


def test_a_lane_gives_way_after_its_time_and_goes_on_later(bench: Bench):
    bench.restart(Pace(batch=1, slice=0.0))
    made = [bench.open() for _ in range(3)]
    bench.once()
    assert bench.undone() > 0
    bench.restart()
    bench.settle()
    assert all(bench.requests(issue) for issue in made)


def test_a_stopping_service_leaves_the_rest_to_the_next(bench: Bench):
    issue = bench.open()
    bench.lanes.stop()
    bench.once()
    assert not bench.requests(issue)
    bench.restart()
    bench.settle()
    assert len(bench.requests(issue)) == 1


@pytest.mark.parametrize("body", [None, "", "\x00", "# " * 20_000])
def test_odd_bodies_end_well(bench: Bench, body: str | None):
    issue = bench.fake.open_issue(REPO, "ann", "It broke", body)
    bench.settle()
    assert len(bench.requests(issue)) == 1
    assert not bench.dead()


def _form_without_requirements() -> str:
    from tests.bot.work.bench import FORM  # noqa: PLC0415

    return FORM.replace("required: true", "required: false")
