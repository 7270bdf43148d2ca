"""What must hold of policy files, and of the configuration of other tools that is turned into one."""

from __future__ import annotations

from bot.cli.yaml_text import as_yaml
from bot.forms.check import Checker
from bot.forms.document import MAX_BYTES
from bot.forms.template import Problem, Submission
from bot.render import Renderer
from bot.triage.policy import Policy, PolicyError, load_policy
from bot.triage.stale_import import convert
from bot.triage.wording import Facts
from tests.docs.reading import DOCS, ROOT, blocks
from tests.fuzz.forms import OWN, stand_within
from tests.fuzz.target import Target, decoded, encoded, grown

_PAGES = (DOCS / "reference/policy.md", DOCS / "howto/tune-the-policy.md", DOCS / "howto/close-waiting-issues.md")
_SEEDS = tuple(block.text.encode() for page in _PAGES for block in blocks(page) if block.language == "yaml")
_BODY = "### What is the problem?\n\n22\n\n### System information\n\n_No response_\n\nautolog doctor 1\nos: Linux\n"


def policy(data: bytes) -> None:
    """Any file is a policy that can be worked with, or an error that says where."""
    text = encoded(grown(decoded(data), MAX_BYTES))[:MAX_BYTES]
    problems: list[Problem] = []
    try:
        problems += _worked_with(load_policy(text))
    except PolicyError as error:
        problems += error.problems or [Problem("", -1, 0, "")]
    made = convert(text, "stale.yml")
    if made.policy:
        load_policy(as_yaml(made.policy).encode())
    stand_within((*problems, *made.problems), text)


def _worked_with(read: Policy) -> tuple[Problem, ...]:
    renderer = Renderer(read)
    check = Checker(OWN, read.rules, read.fillings).check(Submission("t", _BODY))
    assert renderer.write("request", Facts("octocat", check.findings))
    assert renderer.notice("reminder", "octocat")
    return renderer.problems


_WORDS = (
    "enabled: ", "dry_run: ", "labels:\n", "  needs_info: ", "  templates: ", "  answers: ", "  create: ",
    "request:\n", "  language: de\n", "  deadline_days: ", "  exempt: ", "  wording:\n", "    request: ", "fields:\n",
    '  "*":\n', "    problem: ", "{required: true}", "pattern: ", "min_length: ", "one_of: ", "code_block: true",
    "python: true", "printouts:\n", "  autolog doctor:\n", "    fields: ", "    versions: ", "older_than: ",
    "needs_info:\n", "stale:\n", "  days_until_stale: ", "  days_until_reminder: ", "  days_until_close: ",
    "  start_date: ", "  labels: ", "commands:\n", "  label: anyone\n", "report:\n", "  schedule: ", "0 6 * * 1",
    "bash:\n", "  sections: ", "jobs:\n", "  steps:\n", "    - uses: actions/stale@v9\n", "      with:\n",
    "days-before-stale: ", "daysUntilStale: ", "stale-issue-message: ", "only-labels: ", "{{ author }}", "{{ day }}",
    "{% for one in missing %}", "{% endfor %}", "{% if again %}", "{% endif %}", "{{ missing|length }}", "{{ block }}",
    "true\n", "null\n", "1\n", "-1\n", "1.5", ".inf", "0x1F", "1:0", "2030-01-31", "=", "<<: ", "&a ", "*a", "!!int ",
    "!!float ", "!!bool ", "!!null ", "!!binary ", "!!python/name:a ", "'", '"', "|\n", ">-\n", "? ", "{", "}", "[",
    "]", ": ", ", ", "- ", "  ", "\n", "#", "---\n", "%YAML 1.1\n", "\\d+", "(a|b)*", "[[:alpha:]]", "(?i)", "\ufeff",
    "\\x00", "\\u2028",
)  # fmt: skip

TARGETS = {
    "policy": Target(policy, _WORDS, ((ROOT / ".github/triage.yml").read_bytes(), *_SEEDS)),
}
