"""This repository's own forms and policy: who pastes what `autolog doctor` prints is asked for nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cli.preview import files_in
from bot.triage.issue import Actor, Issue, Repository
from bot.triage.plan import AddLabels, PostRequest
from bot.triage.policy import Policy
from bot.triage.release import Release
from bot.work.preview import context_for, plan_as_filed, policy_in
from tests.bot.triage.world import NOW
from tests.docs.reading import ROOT
from tests.fakes.github.chooser import Answers, fill
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.scene import files_below

PRINTED = """\
```text
autolog doctor 1
os: Linux 6.1.0 (x86_64)
python: 3.11.7
autolog: 0.1.0
mlflow: 3.17.2
keras: 3.15.1
backend: jax 0.10.2
tensorflow: 2.21.0
jax: 0.10.2
torch: not installed
tracking: https://mlflow.example.org
store: http
```"""
BUG: Answers = {
    "policy": ("I have read",),
    "place": "On my own machine",
    "problem": "Metrics of the last epoch are not logged.",
    "code": "model.fit(x, y)",
    "willingness": "No, not at this time",
}
SETUP: Answers = {
    "command": "autolog sync",
    "problem": "It does not start.",
    "output": "ImportError: no module named mlflow",
}


def own_policy() -> Policy:
    policy, problems = policy_in(files_in(ROOT))
    assert not problems
    return policy


def decided(template: str, answers: Answers) -> tuple[set[str], str]:
    """The labels that would be put on, and what would be asked for."""
    fake = FakeGitHub()
    home = fake.add_repository("autolog-ml/autolog", files_below(ROOT, ".github/ISSUE_TEMPLATE/*"))
    filed = fill(home, template, "It fails", answers)
    issue = Issue(1, filed.title, filed.body, Actor("ann"), NOW, NOW)
    repository = Repository(1, "autolog-ml", "autolog", "https://github.com/autolog-ml/autolog")
    context = context_for(repository, files_in(ROOT), own_policy(), "triage", None)
    plan = plan_as_filed(issue, replace(context, releases=(Release("v0.2.0", NOW),)))
    labels = {label for it in plan.actions if isinstance(it, AddLabels) for label in it.labels}
    return labels, plan.verdict if any(isinstance(it, PostRequest) for it in plan.actions) else ""


def test_one_block_in_place_of_many_answers():
    labels, asked = decided("bug_report.yml", {**BUG, "doctor": PRINTED})
    assert asked == ""
    assert labels == {"bug", "needs-triage", "backend/jax", "store/http", "old-version"}


def test_it_counts_wherever_it_was_pasted():
    assert decided("bug_report.yml", {**BUG, "logs": PRINTED})[1] == ""
    assert decided("bug_report.yml", {**BUG, "problem": f"It fails.\n\n{PRINTED}\n\nAnd then?"})[1] == ""


def test_without_it_the_version_and_the_system_are_asked_for():
    _, asked = decided("bug_report.yml", BUG)
    assert asked == "To be answered: autolog version (missing), System information (missing)."
    assert decided("bug_report.yml", {**BUG, "autolog-version": "0.2.0", "system": "Linux, Python 3.11"})[1] == ""


def test_who_could_not_install_it_is_not_asked_to_run_it():
    system = "- Operating system: Windows 11\n- Python version: 3.12\n- Installed with: pip"
    assert decided("installation_issue.yml", {**SETUP, "system": system}) == ({"installation", "needs-triage"}, "")
    _, asked = decided("installation_issue.yml", SETUP)
    assert asked == "To be answered: System information (unchanged)."
    assert decided("installation_issue.yml", {**SETUP, "doctor": PRINTED})[1] == ""


def test_the_policy_names_what_the_command_prints():
    doctor = pytest.importorskip("autolog.doctor")
    (title, printout), *others = own_policy().printouts.items()
    assert (title, others) == (doctor.TITLE, [])
    filled = {key for fields in printout.fields.values() for keys in fields.values() for key in keys}
    assert {*filled, *printout.labels, *printout.versions} <= set(doctor.environment())
