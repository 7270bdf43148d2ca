"""Shows issues on a terminal as a person sees them on GitHub."""

from __future__ import annotations

import re

from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from tests.fakes.github.model import Comment, Issue, Label

MOJI = {
    "+1": "👍",
    "-1": "👎",
    "confused": "😕",
    "eyes": "👀",
    "heart": "❤️",
    "rocket": "🚀",
    "laugh": "😄",
    "hooray": "🎉",
}


class Screen:
    """Writes to a console of at most 96 columns."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, emoji=False)
        self.console.width = min(self.console.width, 96)

    def story(self, number: int, headline: str) -> None:
        self.console.print()
        self.console.rule(Text(f"{number}. {headline}", "bold"), align="left", style="dim")

    def say(self, text: str) -> None:
        self.console.print(Padding(Text(text, "dim italic"), (0, 0, 0, 2)))

    def issue(self, issue: Issue, comments: list[Comment]) -> None:
        """The issue's line with its labels, then the bot's comments."""
        author = issue.author.login if issue.author else "ghost"
        color = "green" if issue.state == "open" else "magenta"
        state = f"{issue.state.title()} #{issue.number} "
        line = Text.assemble((state, f"bold {color}"), (issue.title, "bold"), (f"  by {author}", "dim"))
        self.console.print(Padding(line, (0, 0, 0, 2)))
        self.console.print(Padding(chips(issue.labels), (0, 0, 0, 2)))
        for comment in comments:
            self.comment(comment)

    def text(self, issue: Issue, until: str = "") -> None:
        """An issue that the bot opened, with its text; cut before `until`."""
        body = (issue.body or "").partition(until or "\0")[0]
        title = Text.assemble((f"#{issue.number} ", "bold green"), (issue.title, "bold"))
        self.console.print(Padding(Panel(as_seen(body), title=title, title_align="left"), (0, 0, 0, 2)))

    def comment(self, comment: Comment) -> None:
        self.console.print(Padding(comment_panel(comment), (0, 0, 0, 4)))

    def reactions(self, comment: Comment) -> None:
        author = comment.author.login if comment.author else "ghost"
        shown = " ".join(MOJI[reaction.content] for reaction in comment.reactions) or "no reaction"
        line = Text.assemble((f"{author}: ", "dim"), comment.body, "   ", (shown, "bold"))
        self.console.print(Padding(line, (0, 0, 0, 4)))

    def good(self, text: str) -> None:
        self.console.print(Padding(Text(f"✓ {text}", "green"), (0, 0, 0, 2)))

    def bad(self, text: str) -> None:
        self.console.print(Padding(Text(f"✗ {text}", "bold red"), (0, 0, 0, 2)))


def chips(labels: list[Label]) -> Text:
    line = Text()
    for label in labels:
        red, green, blue = (int(label.color[start : start + 2], 16) for start in (0, 2, 4))
        ink = "black" if red * 299 + green * 587 + blue * 114 > 128_000 else "white"
        line.append(f" {label.name} ", f"{ink} on #{label.color}")
        line.append(" ")
    return line if labels else Text("no labels", "dim")


def comment_panel(comment: Comment) -> RenderableType:
    name = comment.author.login if comment.author else "ghost"
    if comment.minimized:
        title = Text(f"{name}: marked as {comment.minimized}, folded away")
        return Panel(as_seen(comment.body), title=title, title_align="left", style="dim")
    return Panel(as_seen(comment.body), title=Text(name, "bold"), title_align="left", border_style="blue")


def as_seen(body: str) -> RenderableType:
    """Markdown as GitHub shows it: no HTML comments, what is folded as its one line, small print small."""
    text = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    text = re.sub(
        r"<details>\s*<summary>(.*?)</summary>.*?</details>", r"▸ **\1** (click to open)", text, flags=re.DOTALL
    )
    text = text.replace("<br>", " · ")
    small = re.findall(r"<sub>(.*?)</sub>", text, flags=re.DOTALL)
    text = re.sub(r"<sub>.*?</sub>", "", text, flags=re.DOTALL)
    return Group(Markdown(text.strip(), hyperlinks=True), *(Text(note, "dim") for note in small))
