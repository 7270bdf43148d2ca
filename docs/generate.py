"""Writes the parts of docs/reference that come from the code, or with `--check` says which are out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import typer.main

from bot.cli import app
from bot.triage.policy import json_schema

REFERENCE = Path(__file__).parent / "reference"
CLI_INTRODUCTION = """\
# The command line

The program is called `triage`. In a checkout it is `.venv/bin/triage`, once a `make` target has set it up; there
`.venv/bin/python -m bot` is the same. Each command explains itself with `--help`; this page is that text, gathered.
What the commands are for, with examples: [Run it yourself](../howto/run-it-yourself.md) and
[Try it on past issues](../howto/try-it-on-past-issues.md).

Commands that need the bot's settings read them from [the environment](environment.md).
"""


def cli_page() -> str:
    command = typer.main.get_command(app)
    if not isinstance(command, click.Group):
        raise TypeError(command)
    parts = [CLI_INTRODUCTION, *(_command_section(name, command.commands[name]) for name in sorted(command.commands))]
    return "\n".join(parts)


def _command_section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"triage {name}")
    parameters = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    lines = [f"## triage {name}", "", f"    {' '.join(command.get_usage(context).split()).removeprefix('Usage: ')}", ""]
    lines += [_paragraphs(command.help or ""), ""]
    if parameters:
        lines += ["| | |", "|---|---|", *(_parameter_row(parameter, context) for parameter in parameters), ""]
    return "\n".join(lines)


def _paragraphs(text: str) -> str:
    """Click's help as Markdown: a form feed ends what is shown, and line ends within a paragraph mean nothing."""
    return text.partition("\f")[0].replace("\b\n", "").strip()


def _parameter_row(parameter: click.Parameter, context: click.Context) -> str:
    if isinstance(parameter, click.Option):
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        value = "" if parameter.is_flag else f" {parameter.make_metavar(context)}"
    else:
        names, value = parameter.make_metavar(context), ""
    words = str(getattr(parameter, "help", None) or "")
    default = parameter.get_default(context, call=False)
    shown = (
        default not in (None, False, (), [], "") and getattr(parameter, "show_default", True) and not parameter.required
    )
    notes = ["required"] if parameter.required else [f"default `{default}`"] if shown else []
    return f"| `{_cell(names + value)}` | {_cell(' '.join([words, *(f'({note})' for note in notes)]).strip())} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def pages() -> dict[Path, str]:
    """What each generated file should hold."""
    return {
        REFERENCE / "triage.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
        REFERENCE / "cli.md": cli_page(),
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
