from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.forms.rules import FieldRule
from bot.triage.policy import DEFAULT_POLICY, PolicyError, json_schema, load_policy
from bot.triage.waiting import least_days

ROOT = Path(__file__).parents[3]


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_policy(text.encode())
    prefix = ".github/triage.yml:"
    assert str(caught.value).startswith(prefix)
    return [str(problem).removeprefix(prefix) for problem in caught.value.problems]


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "---\n", "{}"])
def test_an_empty_policy_is_the_default_one(text: str):
    assert load_policy(text.encode()).model_dump() == DEFAULT_POLICY.model_dump()


def test_the_default_policy_is_quiet_and_kind():
    policy = DEFAULT_POLICY
    assert policy.enabled
    assert not policy.dry_run
    assert policy.labels.needs_info == "needs-info"
    assert list(policy.labels.create) == ["needs-info"]
    assert policy.request.deadline_days is None
    assert not policy.request.exempt.maintainers
    assert policy.rules == {}


def test_a_whole_policy_is_read():
    policy = load_policy(
        b"""
enabled: false
dry_run: true
labels:
  needs_info: " waiting "
  needs_triage: null
  templates: {bug.yml: bug, docs.yml: [docs, area/web]}
  answers: {"*": {component: {store: area/store}}}
  create: {waiting: {color: "#ABCDEF"}, area/store: {}}
request:
  language: de
  deadline_days: 14
  free_form: false
  exempt: {maintainers: true, logins: ann, labels: [pinned]}
  wording: {resolved: Merci!}
fields:
  bug.yml: {version: {version: true, one_of: [1.0, "2"], message: Which one?}}
commands: {needs-info: author, skip-triage: nobody}
""".replace(b"1.0", b"'1.0'")
    )
    assert not policy.enabled
    assert policy.dry_run
    assert policy.labels.needs_info == "waiting"
    assert policy.labels.needs_triage is None
    assert policy.labels.templates == {"bug.yml": ("bug",), "docs.yml": ("docs", "area/web")}
    assert policy.labels.answers == {"*": {"component": {"store": ("area/store",)}}}
    assert policy.labels.create["waiting"].color == "abcdef"
    assert policy.labels.create["area/store"].color == "ededed"
    assert policy.request.exempt.logins == ("ann",)
    assert policy.rules == {"bug.yml": {"version": FieldRule(version=True, one_of=("1.0", "2"), message="Which one?")}}
    assert policy.commands.permission("needs-info") == "author"
    assert policy.commands.permission("skip-triage") == "nobody"
    assert policy.commands.permission("dance") is None


def test_a_renamed_needs_info_may_be_created_as_well():
    assert list(load_policy(b"labels: {needs_info: waiting}").labels.create) == ["waiting"]
    assert list(load_policy(b"labels: {needs_info: waiting, create: {}}").labels.create) == []
    assert list(load_policy(b"labels: {needs_info: null}").labels.create) == ["needs-info"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("enabled: maybe", "1:10: error: enabled: must be true or false."),
        ("lables: {}", "1:1: error: lables: there is no such key; did you mean `labels`?"),
        ("labels:\n  need_info: x", "2:3: error: labels.need_info: there is no such key; did you mean `needs_info`?"),
        ("commands:\n  zap: anyone", "2:3: error: commands.zap: there is no such key."),
        (
            "commands: {label: everyone}",
            "1:19: error: commands.label: must be 'maintainers', 'author', 'anyone' or 'nobody'.",
        ),
        ("labels: []", "1:9: error: labels: must be a mapping of keys to values."),
        ("- enabled", "1:1: error: The file must be a mapping of keys to values."),
        (
            "labels: {needs_info: 42}",
            "1:22: error: labels.needs_info: put quotes around it: YAML reads it as a number or a yes/no.",
        ),
        ("labels: {needs_info: ''}", "1:22: error: labels.needs_info: must have at least 1 character."),
        (
            f"labels: {{templates: {{a.yml: [ok, {'x' * 51}]}}}}",
            "1:34: error: labels.templates.a.yml.1: must have at most 50 characters.",
        ),
        (
            "labels: {templates: {a.yml: {b: c}}}",
            "1:29: error: labels.templates.a.yml: must be a list, or a single text.",
        ),
        (
            "labels: {create: {a: {color: red}}}",
            "1:30: error: labels.create.a.color: a colour is six hex digits, such as d4c5f9.",
        ),
        (
            "labels: {create: {a: {color: 000000}}}",
            "1:30: error: labels.create.a.color: put quotes around it: YAML reads it as a number or a yes/no.",
        ),
        ("labels: {create: {'': {}}}", "1:19: error: labels.create.: must have at least 1 character."),
        (
            "labels: {needs_info: Same, needs_triage: same}",
            "1:9: error: labels: needs_info and needs_triage must be two labels.",
        ),
        ("request: {language: fr}", "1:21: error: request.language: must be 'en' or 'de'."),
        ("request: {deadline_days: 0}", "1:26: error: request.deadline_days: must be at least 1."),
        ("request: {deadline_days: 366}", "1:26: error: request.deadline_days: must be at most 365."),
        ("request: {deadline_days: soon}", "1:26: error: request.deadline_days: must be a whole number."),
        ("request: {exempt: {labels: [[a]]}}", "1:29: error: request.exempt.labels.0: must be a text."),
        (
            "fields: {a.yml: {b: {pattern: '(?=x)'}}}",
            "1:31: error: fields.a.yml.b.pattern: RE2 cannot read this pattern: invalid perl operator: (?=.",
        ),
        ("fields: {a.yml: {b: {min_length: true}}}", "1:34: error: fields.a.yml.b.min_length: must be a whole number."),
        ("enabled: true\nenabled: false", "2:1: error: The key `enabled` stands here twice."),
        ("[a]: b", "1:1: error: A key must be plain text."),
        (
            "stale: {labels: {bug: {days_until_stal: 3}}}",
            "1:24: error: stale.labels.bug.days_until_stal: there is no such key; did you mean `days_until_stale`?",
        ),
        (
            "stale: {labels: {days_until_close: {a: 3}}}",
            "1:37: error: stale.labels.days_until_close.a: there is no such key.",
        ),
        (
            "stale: {days_until_stale: 3, days-before-stale: 4}",
            "1:8: error: stale: `days_until_stale` and `days-before-stale` are one key: keep one of them.",
        ),
        (
            "needs_info: {days_until_close: 7}",
            "1:13: error: needs_info: days_until_close needs days_until_reminder: nothing is closed unwarned.",
        ),
        ("stale: {days_until_stale: 0}", "1:27: error: stale.days_until_stale: must be at least 1."),
        ("stale: {days_until_stale: true}", "1:27: error: stale.days_until_stale: must be a whole number."),
        ("stale: {start_date: soon}", "1:21: error: stale.start_date: must be a day such as 2030-01-31."),
        ("stale: {start_date: 7}", "1:21: error: stale.start_date: must be a day such as 2030-01-31."),
        ("stale: {labels: []}", "1:17: error: stale.labels: must be a mapping of keys to values."),
        (
            "report: {schedule: '0 6 * *'}",
            "1:20: error: report.schedule: must be a cron line of five fields, such as `0 6 * * 1` for Mondays at six.",
        ),
        (
            "report: {schedule: '* 6 * * 1'}",
            "1:20: error: report.schedule: begins with the minute, a number: a report comes once an hour at most.",
        ),
        ("report: {schedule: '0 6 31 2 *'}", "1:20: error: report.schedule: names a day that never comes."),
        ("report: {schedule: '0 6 30 2,2 *'}", "1:20: error: report.schedule: names a day that never comes."),
        (
            "printouts: {info: {versions: {a: {older_than: new, label: old}}}}",
            "1:47: error: printouts.info.versions.a.older_than: must be `release`, or a version such as 1.8 or 2.0.1.",
        ),
        (
            "printouts: {i: {versions: {a: {older_than: 1.8, label: b}}}}",
            (
                "1:44: error: printouts.i.versions.a.older_than: put quotes around it: YAML reads it as a number or a"
                " yes/no."
            ),
        ),
        (
            "printouts: {widget doctor: {versions: {widget: {}}}}",
            "1:48: error: printouts.widget doctor.versions.widget.label: must be given.",
        ),
        (
            "printouts: {widget doctor: {version: {}}}",
            "1:29: error: printouts.widget doctor.version: there is no such key; did you mean `versions`?",
        ),
        ("printouts: {'!': {}}", "1:13: error: printouts.!: must hold a word, as it is printed."),
        (
            "printouts: {widget doctor: {fields: {'*': {a: [b, '-']}}}}",
            "1:51: error: printouts.widget doctor.fields.*.a.1: must hold a word, as it is printed.",
        ),
        (
            "printouts: {widget doctor: {}, Widget-Doctor: {}}",
            "1:12: error: printouts: two of the titles are the same but for case and punctuation.",
        ),
        ("enabled: !!python/name:os.system", "1:10: error: The tag `python/name:os.system` is not allowed here."),
        ("enabled: !!int x", "1:10: error: `x` is not a number."),
        ("enabled: !!int ''", "1:10: error: `` is not a number."),
        ("enabled: !!float _", "1:10: error: `_` is not a number."),
        ("enabled: 1" + ":1" * 60, "1:10: error: `1" + ":1" * 19 + ":` is not a number."),
        ("enabled: 1" + ":1" * 200 + ".5", "1:10: error: `1" + ":1" * 19 + ":` is not a number."),
        ("enabled: !!bool x", "1:10: error: `x` is not true or false."),
        ("a: &a [*a]", "1:4: error: The file is too long or too deep once its aliases are written out."),
        ("a: &a {*a : 1}", "1:4: error: A key must be plain text."),
    ],
)
def test_a_wrong_policy_is_refused_with_line_and_column(text: str, expected: str):
    assert problems(text) == [expected]


def test_a_wrong_value_is_named_again_where_an_alias_repeats_it():
    assert problems("enabled: &a !!int x\ndry_run: *a") == ["1:10: error: `x` is not a number."] * 2


def test_all_errors_are_named_at_once():
    assert problems("enabled: 2\nrequest:\n  deadline_days: -1\n  langage: en\n") == [
        "1:10: error: enabled: must be true or false.",
        "3:18: error: request.deadline_days: must be at least 1.",
        "4:3: error: request.langage: there is no such key; did you mean `language`?",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{days_until_stale: 60, days_until_close: null, exempt_labels: [a, b], exempt_all_milestones: true}",
        "{daysUntilStale: 60, daysUntilClose: false, exemptLabels: [a, b], exemptMilestones: true}",
        "{days-before-issue-stale: 60, days-before-close: -1, exempt-labels: 'a,b', exempt-all-milestones: true}",
    ],
)
def test_the_lifecycle_understands_the_spellings_of_other_tools(text: str):
    stale = load_policy(f"stale: {text}".encode()).stale
    assert (stale.days_until_stale, stale.days_until_close) == (60, None)
    assert (stale.exempt_labels, stale.exempt_all_milestones) == (("a", "b"), True)


def test_printouts_are_read():
    text = b"""
printouts:
  " widget doctor ":
    fields: {"*": {version: widget, system: [os, python]}}
    labels: {backend: {jax: area/jax, torch: [a, b]}}
    versions:
      widget: {label: old}
      gadget: {label: old, older_than: release}
      python: {label: old, older_than: "3.10"}
  gadget: {}
"""
    policy = load_policy(text)
    widget = policy.printouts["widget doctor"]
    assert policy.fillings == {"widget doctor": {"*": {"version": ("widget",), "system": ("os", "python")}}}
    assert widget.labels == {"backend": {"jax": ("area/jax",), "torch": ("a", "b")}}
    assert [rule.older_than for rule in widget.versions.values()] == ["release", "release", "3.10"]


def test_a_schedule_is_a_cron_line():
    assert load_policy(b'report: {schedule: "0 6 * * 1"}').report.schedule == "0 6 * * 1"


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", None),
        ("stale: {days_until_stale: 60}", 60),
        ("stale: {days_until_stale: 60}\nneeds_info: {days_until_reminder: 14}", 14),
        ("stale: {labels: {bug: {days_until_stale: 30}, docs: {}}}", 30),
    ],
)
def test_the_shortest_silence_of_a_policy_is_known(text: str, days: int | None):
    assert least_days(load_policy(text.encode())) == days


def test_a_missing_value_is_named_at_its_key():
    assert problems("labels:\nrequest: {}") == ["1:8: error: labels: must be a mapping of keys to values."]


def test_a_file_that_is_too_large_is_not_read():
    assert problems("#" * 300_000) == ["0:0: error: The file is larger than 256 KiB; it is not read."]


def test_a_bomb_of_aliases_is_not_set_off():
    levels = [f"l{number}: &l{number} [{', '.join([f'*l{number - 1}'] * 9)}]" for number in range(1, 10)]
    text = "l0: &l0 [x]\n" + "\n".join(levels)
    (problem,) = problems(text)
    assert "aliases" in problem


def test_a_policy_in_another_encoding_is_refused_with_its_line():
    with pytest.raises(PolicyError) as caught:
        load_policy(b"# f\xfcr uns\nenabled: true\n")
    assert caught.value.problems[0].line == 1


def test_dates_and_equals_signs_are_plain_texts():
    policy = load_policy(b"labels: {templates: {a.yml: [2024-01-01, =]}}")
    assert policy.labels.templates["a.yml"] == ("2024-01-01", "=")


def test_a_problem_found_later_is_placed_at_its_key():
    policy = load_policy(b"request:\n  wording:\n    resolved: x\n", "somewhere.yml")
    assert str(policy.problem(("request", "wording", "resolved"), "Bad.")) == "somewhere.yml:3:5: error: Bad."
    assert str(policy.problem(("request", "elsewhere"), "Bad.")) == "somewhere.yml:1:1: error: Bad."
    assert str(policy.problem((), "Bad.")) == "somewhere.yml:1:1: error: Bad."
    assert str(DEFAULT_POLICY.problem(("request",), "Bad.")) == ".github/triage.yml:0:0: error: Bad."


def test_a_place_in_a_list_is_found():
    assert problems("labels:\n  templates:\n    a.yml:\n      - one\n      - 2\n") == [
        "5:9: error: labels.templates.a.yml.1: put quotes around it: YAML reads it as a number or a yes/no."
    ]


def test_text_that_is_no_yaml_is_refused_with_its_place():
    (problem,) = problems("enabled: true\nlabels: {\n")
    assert problem.startswith("3:1: error: This is not valid YAML")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_policy_or_an_error_with_its_place(content: bytes):
    try:
        found: object = load_policy(content)
    except PolicyError as error:
        found = error.problems
    assert found


def test_the_committed_schema_is_the_policys():
    committed = (ROOT / "docs/reference/triage.schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json_schema(), "Run `make docs`."


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("{}", True),
        ("labels: {templates: {a.yml: bug, b.yml: [bug]}, needs_info: null}", True),
        ("labels: {create: {a: {color: '#d4c5f9'}}}", True),
        ("labels: {create: {a: {color: red}}}", False),
        ("commands: {needs-info: anyone}", True),
        ("commands: {needs_info: anyone}", False),
        ("fields: {a: {b: {min_length: 0}}}", False),
        ("request: {exempt: {logins: ann}}", True),
        ("lables: {}", False),
    ],
)
def test_the_schema_agrees_with_the_policy(text: str, holds: bool):
    assert jsonschema_rs.validator_for(json_schema()).is_valid(yaml.safe_load(text)) is holds
    if holds:
        load_policy(text.encode())
    else:
        assert problems(text)


def test_this_projects_own_policy_is_in_order():
    content = (ROOT / ".github/triage.yml").read_bytes()
    load_policy(content)
    jsonschema_rs.validator_for(json_schema()).validate(yaml.safe_load(content))
