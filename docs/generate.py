"""Writes the parts of the docs that come from the code, or with `--check` says which are out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner

from bot.cli import app
from bot.forms.check import Checker
from bot.forms.load import load
from bot.forms.template import Submission
from bot.render import Renderer
from bot.reports.json_file import schema as report_schema
from bot.triage.plan import REQUEST_MARKER
from bot.triage.policy import json_schema
from bot.triage.wording import Facts

HERE = Path(__file__).parent
REFERENCE, EXAMPLE, README = HERE / "reference", HERE / "example", HERE.parent / "README.md"
BEGIN, END = "<!-- from docs/example, by make docs -->\n", "<!-- end -->\n"
CLI_INTRODUCTION = """\
# The command line

The program is called `triage`. In a checkout it is `.venv/bin/triage`, once a `make` target has set it up; there
`.venv/bin/python -m bot` is the same. Each command explains itself with `--help`; this page is that text, gathered.
What the commands are for, with examples: [Run it yourself](../howto/run-it-yourself.md) and
[Try it on past issues](../howto/try-it-on-past-issues.md).

Commands that need the bot's settings read them from [the environment](environment.md).
"""


def cli_page() -> str:
    group = typer.main.get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError(group)
    commands = [
        command
        for name, each in sorted(group.commands.items())
        for command in ([f"{name} {under}" for under in each.commands] if isinstance(each, TyperGroup) else [name])
    ]
    return "\n".join([CLI_INTRODUCTION, *(f"## triage {name}\n\n```text\n{_help(name)}\n```\n" for name in commands)])


def _help(name: str) -> str:
    """What the reader sees on a terminal of a hundred columns."""
    result = CliRunner().invoke(
        app, [*name.split(), "--help"], prog_name="triage", env={"COLUMNS": "100"}, terminal_width=100
    )
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def example_comment() -> str:
    """What the bot says to docs/example/body.md, as a quote."""
    templates = load({".github/ISSUE_TEMPLATE/bug_report.yml": (EXAMPLE / "bug_report.yml").read_bytes()})
    check = Checker(templates).check(Submission(body=(EXAMPLE / "body.md").read_text(encoding="utf-8")))
    text = Renderer().write("request", Facts("octocat", check.findings))
    visible = text.removeprefix(REQUEST_MARKER).strip()
    return "".join(f"> {line}".rstrip() + "\n" for line in visible.splitlines())


def _with_comment(readme: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{example_comment()}{END}{after}"


def pages() -> dict[Path, str]:
    """What each generated file should hold."""
    return {
        REFERENCE / "triage.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
        REFERENCE / "report.schema.json": json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n",
        REFERENCE / "cli.md": cli_page(),
        README: _with_comment(README.read_text(encoding="utf-8")),
    }


def main(arguments: list[str]) -> int:
    stale = []
    for path, content in pages().items():
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        stale.append(path)
        if "--check" not in arguments:
            path.write_text(content, encoding="utf-8")
            print(f"written: {path}")
    if stale and "--check" in arguments:
        print(f"Out of date: {', '.join(path.name for path in stale)}. Run `make docs`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
