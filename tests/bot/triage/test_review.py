from __future__ import annotations

import pytest

from bot.forms.load import load
from bot.triage.policy import load_policy
from bot.triage.review import review
from tests.bot.triage.world import templates


def warnings(policy: str) -> list[str]:
    return [str(each).removeprefix(".github/triage.yml:") for each in review(load_policy(policy.encode()), templates())]


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "labels: {templates: {Docs.yml: x, '*': y}}",
        "labels: {answers: {'*': {component: {STORE: x}}}}",
        "labels: {answers: {'bug report.yml': {Issue policy: {i have read the policy: x}}}}",
        "fields: {'*': {change: {required: false}}, docs.yml: {Which page?: {url: true}}}",
        # A text field may be matched by its whole answer.
        "labels: {answers: {docs.yml: {page: {/start: x}}}}",
        "printouts: {a doctor: {fields: {Bug Report.yml: {Logs: a}, '*': {page: [b, c]}}, labels: {x: {y: z}}}}",
    ],
)
def test_names_that_the_templates_have_are_in_order(policy: str):
    assert warnings(policy) == []


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (
            "labels: {templates: {bug_report.yml: x}}",
            "1:22: warning: No template file is called `bug_report.yml`; did you mean `bug report.yml`?",
        ),
        ("labels: {answers: {zzz.md: {a: {b: c}}}}", "1:20: warning: No template file is called `zzz.md`."),
        (
            "labels: {answers: {'*': {components: {store: c}}}}",
            "1:26: warning: No field has the id or label `components`; did you mean `component`?",
        ),
        (
            "labels: {answers: {'*': {component: {stores: c}}}}",
            "1:38: warning: The field has no option `stores`; did you mean `store`?",
        ),
        ("fields: {zzz.md: {a: {url: true}}}", "1:10: warning: No template file is called `zzz.md`."),
        (
            "printouts: {a doctor: {fields: {bug_report.yml: {logs: os}}}}",
            "1:33: warning: No template file is called `bug_report.yml`; did you mean `bug report.yml`?",
        ),
        (
            "printouts: {a doctor: {fields: {docs.yml: {pages: os}}}}",
            "1:44: warning: No field has the id or label `pages`; did you mean `page`?",
        ),
        ("fields:\n  docs.yml:\n    logs: {url: true}", "3:5: warning: No field has the id or label `logs`."),
    ],
)
def test_names_that_lead_nowhere_are_named_with_their_place(policy: str, expected: str):
    assert warnings(policy) == [expected]


def test_a_policy_for_all_templates_is_in_order_where_there_are_none():
    assert review(load_policy(b"fields: {'*': {a: {url: true}}}"), load({})) == ()
