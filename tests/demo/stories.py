"""The stories of the demo, in the order they are played: what people do, and what should come of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.demo.stage import REPO, Stage

POLICY = ("I have read",)
BUG = {
    "policy": POLICY,
    "place": "On my own machine",
    "autolog-version": "0.4.1",
    "system": "- Operating system: Ubuntu 24.04\n- Python version: 3.12.3\n- Framework and its version: Keras 3.5.0",
    "problem": "Metrics of the last epoch are not logged when training stops early.",
    "code": "import autolog.keras\n\nautolog.keras.autolog()\nmodel.fit(x, y, epochs=50, callbacks=[EarlyStopping()])",
    "components": ("autolog-keras",),
    "willingness": "Yes, if somebody guides me",
}
SETUP = {
    "system": "- Operating system: Windows 11\n- Python version: 3.11.9\n- Installed with: pip",
    "command": "pip install autolog",
    "problem": "The installation stops while it builds a wheel.",
    "output": "Building wheel for autolog (pyproject.toml) ... error\nerror: Microsoft Visual C++ 14.0 is required",
}
DOCS = {
    "pages": "https://github.com/autolog-ml/autolog/blob/main/docs/tutorial.md",
    "change": "Step three still names the old flag; it is `--data-dir` now.",
    "willingness": "Yes, I can open a pull request",
}
WISH = {
    "summary": "Log the learning rate at every step.",
    "use-case": "I tune warm-up schedules and compare them by eye.",
    "why-project": "Everybody who tunes a schedule needs it.",
    "why-you": "Today I paste a callback into each script.",
    "why-hard": "The optimizer's schedule is not visible to the logger.",
    "willingness": "No, not at this time",
}
FREE = ("It follows none of our templates", "[Bug report]", "[Installation issue]")
THANKS = ("Everything that was missing is here now",)
Story = Callable[[Stage], None]


def complete(stage: Stage) -> None:
    """A complete bug report."""
    issue = stage.file("alice", "bug_report.yml", "Last epoch is not logged", BUG)
    labels = {"bug", "needs-triage", "area/keras"}
    stage.expect(issue, "Labelled by what its author ticked, and not a word.", labels=labels)


def pasted(stage: Stage) -> None:
    """One pasted block in place of five answers."""
    printed = "autolog doctor 1\nos: Linux 6.8 (x86_64)\npython: 3.12.3\nautolog: 0.4.1\nbackend: jax 0.10.2"
    answers = BUG | {"autolog-version": None, "system": None, "doctor": f"```text\n{printed}\nstore: sqlite\n```"}
    issue = stage.file("akira", "bug_report.yml", "Last epoch is not logged", answers)
    labels = {"bug", "needs-triage", "area/keras", "backend/jax", "store/sqlite", "old-version"}
    stage.expect(issue, "Nothing is asked that the block tells, and labels say the rest.", labels=labels)


def placeholders(stage: Stage) -> None:
    """Required fields filled with nothing much."""
    answers = BUG | {"code": "...", "problem": "-", "components": ("store",)}
    issue = stage.file("ben", "bug_report.yml", "Runs vanish", answers)
    labels = {"bug", "needs-info", "area/store"}
    asks = ("**What is the problem?**", "**Code to reproduce it**")
    stage.expect(issue, "Asked for exactly these two.", labels=labels, asks=asks)


def prefill(stage: Stage) -> None:
    """The prefilled text sent back as it was."""
    answers = {name: text for name, text in SETUP.items() if name != "system"}
    issue = stage.file("chiara", "installation_issue.yml", "pip stops", answers)
    labels = {"installation", "needs-info"}
    stage.expect(issue, "Asked for what was left as it was.", labels=labels, asks=("**System information**",))


def blank(stage: Stage) -> None:
    """A blank issue."""
    issue = stage.post("dmitri", "help", None)
    stage.expect(issue, "Pointed to the templates.", labels={"needs-info"}, asks=FREE)


def free_form(stage: Stage) -> None:
    """Free text by the API, put into the form later."""
    issue = stage.post("emeka", "Keras 3 support?", "Hi! Does this work with Keras 3? It crashes here.\n\nThanks")
    stage.expect(issue, "Pointed to the templates.", labels={"needs-info"}, asks=FREE)
    stage.screen.say("emeka edits the issue: now it has the bug report's headings and answers.")
    stage.edit(issue, "bug_report.yml", BUG)
    labels = {"bug", "needs-triage", "area/keras"}
    stage.expect(issue, "Labelled as a bug, thanked, folded.", labels=labels, asks=THANKS, folded=True)


def shrinking(stage: Stage) -> None:
    """Edited until complete."""
    issue = stage.file("fatima", "installation_issue.yml", "No wheel", SETUP | {"command": "", "output": ""})
    labels = {"installation", "needs-info"}
    asks = ("**The exact command**", "**The full output**")
    stage.expect(issue, "Asked for two things.", labels=labels, asks=asks)
    stage.screen.say("fatima gives the command.")
    stage.edit(issue, "installation_issue.yml", SETUP | {"output": ""})
    stage.expect(issue, "The same comment asks for one.", labels=labels, asks=("One thing is", "**The full output**"))
    stage.screen.say("fatima gives the output, too.")
    stage.edit(issue, "installation_issue.yml", SETUP)
    stage.expect(
        issue, "Thanked, folded, handed on.", labels={"installation", "needs-triage"}, asks=THANKS, folded=True
    )


def by_comment(stage: Stage) -> None:
    """Supplied in a comment."""
    issue = stage.file("goro", "documentation_fix.yml", "Old flag in step three", DOCS | {"pages": ""})
    labels = {"documentation", "needs-info"}
    stage.expect(issue, "Asked for the page.", labels=labels, asks=("**Which page or pages?**",))
    stage.screen.say(
        "goro chats, which answers nothing; then hana, who has the same problem, pastes the block with the page."
    )
    stage.reply(issue, "goro", "Oh, sorry, I will look it up!")
    stage.reply(issue, "hana", f"### Which page or pages?\n\n{DOCS['pages']}")
    stage.expect(issue, "That counts.", labels={"documentation", "needs-triage"}, asks=THANKS, folded=True)


def duplicate(stage: Stage) -> None:
    """Every delivery arrives three times."""
    stage.fake.hooks.copies(3)
    issue = stage.file("ines", "feature_request.yml", "Log the learning rate", WISH | {"use-case": "", "why-you": "."})
    labels = {"enhancement", "needs-info"}
    asks = ("**What would you use it for?**", "**Why does it matter to you?**")
    stage.expect(issue, "One comment all the same.", labels=labels, asks=asks)
    stage.fake.hooks.copies(1)


def commands(stage: Stage) -> None:
    """Slash commands, with and without permission."""
    issue = stage.file("jonas", "feature_request.yml", "Plots in the terminal", WISH | {"components": ("docs",)})
    labels = {"enhancement", "needs-triage", "area/docs"}
    stage.expect(issue, "Complete.", labels=labels)
    done = stage.reply(issue, "maya", "/label help wanted")
    stage.expect_reaction(done, "A maintainer is obeyed.", "+1")
    refused = stage.reply(issue, "kofi", "/close")
    stage.expect_reaction(refused, "A passer-by is not.", "-1")
    unknown = stage.reply(issue, "maya", "/dance")
    stage.expect_reaction(unknown, "What is unknown is answered quietly.", "confused")
    stage.expect(issue, "Labelled by hand, still open.", labels=labels | {"help wanted"})


def closing(stage: Stage) -> None:
    """The author closes by a command."""
    issue = stage.file("lena", "bug_report.yml", "My own mistake", BUG | {"components": ("bot",)})
    labels = {"bug", "needs-triage", "area/bot"}
    stage.expect(issue, "Labelled.", labels=labels)
    stage.expect_reaction(stage.reply(issue, "lena", "Found it, sorry.\n\n/close"), "The author may.", "+1")
    stage.expect(issue, "Closed.", labels=labels, state="closed")


def by_a_bot(stage: Stage) -> None:
    """An issue by another bot."""
    issue = stage.post("renovate[bot]", "Dependency Dashboard", "This issue lists updates.", bot=True)
    stage.expect(issue, "Left alone.", labels=set())


def ambiguous(stage: Stage) -> None:
    """Two headings that several templates share."""
    text = f"### System information\n\n{SETUP['system']}\n\n### What is the problem?\n\n{SETUP['problem']}\n"
    issue = stage.post("milan", "Does not start", text)
    stage.expect(issue, "Not guessed: the author is asked which it is.", labels={"needs-info"}, asks=("[Bug report]",))


def removed_label(stage: Stage) -> None:
    """A maintainer takes needs-info off."""
    issue = stage.file("nora", "installation_issue.yml", "Behind a proxy", SETUP | {"output": ""})
    labels = {"installation"}
    asks = ("**The full output**",)
    stage.expect(issue, "Asked.", labels=labels | {"needs-info"}, asks=asks)
    stage.fake.unlabel(REPO, issue, "needs-info", by="maya")
    stage.screen.say("maya takes the label off; nora edits the title.")
    stage.fake.edit_issue(REPO, issue, title="[SETUP] Behind a company proxy")
    stage.expect(issue, "It stays off.", labels=labels, asks=asks)


def report(stage: Stage) -> None:
    """A report: what a year has left behind."""
    stage.screen.say("An administrator asks for it now; the policy can have it every Monday.")
    address = stage.run("report", "--repo", REPO, "--post").strip()
    issue = stage.repository.issues[int(address.rpartition("/")[2])]
    stage.screen.text(issue, until="### Responses")
    found = {
        "### Probably fixed": "Run stays open after an exception",
        "### Duplicates": "fit called twice ends in StoreClosed",
        "### Our turn": "Learning rate is always 0.001",
        "### Waiting on author": "Nothing is logged on Windows",
        "### Easy to answer": "How do I log to a remote tracking server?",
    }
    sections = dict(zip((body := (issue.body or "").split("\n\n"))[:-2], body[2:], strict=True))
    lacking = [f"{title} lacks {name!r}" for title, name in found.items() if name not in sections.get(title, "")]
    stage.judge("Five kinds of work, each with what speaks for it and against it.", lacking)


def bash(stage: Stage) -> None:
    """A short bash."""
    report_issue = next(one for one in stage.repository.issues.values() if one.title.startswith("Issue-bash report:"))
    stage.reply(report_issue, "maya", "/bash start 2h --sections probably_fixed,duplicates,easy_to_answer --batch 2")
    tracking = stage.wait_for_issue("Issue bash of ")
    if tracking is None:
        return
    stage.screen.text(tracking)
    boxes = re.findall(r"^- \[ \] \[#(\d+)\]", tracking.body or "", re.MULTILINE)
    fixed, again, question = map(int, boxes)
    taken = stage.reply(tracking, "maya", f"/claim #{fixed}")
    stage.expect_reaction(taken, "maya takes the first one.", "+1")
    refused = stage.reply(tracking, "passer-by", f"/claim #{again}")
    stage.expect_reaction(refused, "A passer-by may read along.", "-1")
    stage.screen.say(f"maya closes #{fixed} where it is, and says what became of the others.")
    stage.fake.close(REPO, fixed, by="maya")
    done = stage.reply(tracking, "maya", f"/done #{again} duplicate")
    stage.expect_reaction(done, "It asks back: a duplicate of which?", "confused")
    original = next(one for one in stage.repository.issues.values() if one.title.startswith("StoreClosed when"))
    done = stage.reply(tracking, "maya", f"/done #{again} duplicate #{original.number}\n/done #{question} fix")
    stage.expect_reaction(done, "Both are noted.", "+1")
    stage.reply(tracking, "maya", "/bash finish")
    stage.until(lambda: tracking.state == "closed")
    wrap_up = stage.comments(tracking)[-1]
    stage.screen.comment(wrap_up)
    told = ("**3 of 3 issues done**", "| closed | 1 |", "| duplicate | 1 |", "| to be fixed | 1 |", "Thank you, maya.")
    stage.judge("The bot writes down how it went.", [f"not told: {it}" for it in told if it not in wrap_up.body])


STORIES: tuple[Story, ...] = (
    complete,
    pasted,
    placeholders,
    prefill,
    blank,
    free_form,
    shrinking,
    by_comment,
    duplicate,
    commands,
    closing,
    by_a_bot,
    ambiguous,
    removed_label,
    report,
    bash,
)
