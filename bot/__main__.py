"""Lets `python -m bot` be `triage`."""

from __future__ import annotations


def main() -> None:
    from bot.cli import app

    app(prog_name="triage")


if __name__ == "__main__":
    main()
