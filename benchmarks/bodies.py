"""Issue bodies as GitHub composes them from the forms in `forms/`: varied, the same on every run, never one twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.forms.load import TemplateSet, load
from bot.forms.template import Field, Template

FORMS = Path(__file__).parent / "forms"
FOLDER = ".github/ISSUE_TEMPLATE"
ODD = 0.05
"""How many bodies hold something that trips a parser: a heading in a value, a fence never closed, a drifted label."""

TALK = """
the run is logged twice when two processes share one tracking directory and the second starts before the first has
closed its file I expected a warning or an error but the metrics of both end up interleaved in the same chart which
nobody notices until the numbers look odd after an upgrade from the previous minor release it worked with only one
worker per node changing the backend store to a database makes it go away so maybe a lock is missing somewhere
"""
WORDS = TALK.split()
LINES = (
    "import tracker",
    "with tracker.start_run(name='{word}-{number}') as run:",
    "    for step in range({number}):",
    "        run.log_metric('{word}', step * 0.{number}, step=step)",
    "    model.fit(x_train, y_train, epochs={number})",
    "    # {word} {word} {word}",
    "print(run.info.{word})",
)
FRAMES = (
    'File "/home/user/{word}/train.py", line {number}, in {word}',
    "    result = client.{word}({word}, timeout={number})",
    'File "/usr/lib/python3/site-packages/tracker/{word}.py", line {number}, in _{word}',
    "    raise TrackerError(f'{word} {number} cannot be {word}')",
    "tracker.errors.TrackerError: {word} {number} cannot be {word}",
    "WARNING {word}: retrying in {number} seconds",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One body with the form it was composed from."""

    id: str
    template: Template
    title: str
    body: str
    odd: bool


def form_files() -> dict[str, bytes]:
    """The forms by the path they would have in a repository."""
    return {f"{FOLDER}/{path.name}": path.read_bytes() for path in sorted(FORMS.glob("*.yml"))}


def form_set() -> TemplateSet:
    return load(form_files())


def samples(count: int, templates: TemplateSet, *, seed: int = 7, complete: bool = True) -> Iterator[Sample]:
    """Compose `count` bodies; with `complete` off, each leaves out one required answer and none is odd."""
    chance = random.Random(seed)
    for number in range(count):
        template = chance.choice(templates.templates)
        odd = complete and chance.random() < ODD
        texts = {field.id: _answer(field, chance, number) for field in template.fields}
        if not complete:
            left_out = chance.choice([f for f in template.fields if f.required and f.type in {"input", "textarea"}])
            texts[left_out.id] = "_No response_"
        body = "\n\n".join(f"### {field.label}\n\n{texts[field.id]}" for field in template.fields)
        if odd:
            body = _spoil(body, template, chance)
        yield Sample(f"b{number:06}", template, f"{template.title}{_prose(chance, 6)} ({number})", body, odd)


def _answer(field: Field, chance: random.Random, number: int) -> str:
    if field.type == "checkboxes":
        return "\n".join(
            f"- [{'X' if option.required or chance.random() < 0.5 else ' '}] {option.label}" for option in field.options
        )
    if field.type == "dropdown":
        count = chance.randint(1, 2) if field.multiple else 1
        return ", ".join(option.label for option in chance.sample(field.options, count))
    if not field.required and chance.random() < 0.4:
        return "_No response_"
    if field.type == "input":
        version = f"{number % 9}.{chance.randint(0, 20)}.{chance.randint(0, 20)}"
        return f"{version} {_prose(chance, chance.randint(0, 4))}".strip()
    if field.render:
        pattern = LINES if field.render == "python" else FRAMES
        lines = (_fill(chance.choice(pattern), chance) for _ in range(chance.randint(3, 14)))
        return f"```{field.render}\n" + "\r\n".join(lines) + "\n```\n"
    return "\r\n\r\n".join(_prose(chance, chance.randint(10, 60)) for _ in range(chance.randint(1, 4)))


def _prose(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(WORDS, k=count))


def _fill(line: str, chance: random.Random) -> str:
    for _ in range(line.count("{word}")):
        line = line.replace("{word}", chance.choice(WORDS), 1)
    return line.replace("{number}", str(chance.randint(1, 400)))


def _spoil(body: str, template: Template, chance: random.Random) -> str:
    first, last = template.fields[0], template.fields[-1]
    trick = chance.randrange(4)
    if trick == 0:
        heading = f"### {last.label}"
        return body.replace(heading, f"### {_prose(chance, 3)}\n\n{_prose(chance, 20)}\n\n{heading}", 1)
    if trick == 1:
        return body.replace(f"### {last.label}", f"```\nnever closed\n\n### {last.label}", 1)
    if trick == 2:
        return body.replace(f"### {first.label}", f"### {first.label.lower()}:", 1)
    return f"<details>\n\n{body}\n</details>"
