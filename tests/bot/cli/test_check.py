"""The contract of `triage check`, which other tools rely on: keys, values, exit codes, streaming."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from tests.bot.forms.forms import boxes, element, form

BUG = form(
    element("textarea", "What happened?", required=True),
    {**element("dropdown", "Operating system", options=["Linux", "macOS"], multiple=True), "id": "os"},
    boxes("Terms", "I agree", "I can help", required=["I agree"]),
)
MARKDOWN = "---\nname: Feature request\nabout: a\n---\n## Summary of it\n\n## Motivation\n"
BODY = (
    "### What happened?\n\nIt broke\n\n### Operating system\n\nLinux, BeOS\n\n"
    "### Terms\n\n- [X] I agree\n- [ ] I can help\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository" / ".github" / "ISSUE_TEMPLATE"
    folder.mkdir(parents=True)
    (folder / "bug.yml").write_bytes(BUG)
    (folder / "feature.md").write_text(MARKDOWN)
    (folder / "config.yml").write_text("blank_issues_enabled: false\n")
    return tmp_path / "repository"


def run(*arguments: str | Path, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)], input=stdin)


def read(*arguments: str | Path, stdin: str | bytes = "") -> Any:
    result = run(*arguments, "--format", "json", stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def stream(root: Path, *items: object) -> list[Any]:
    text = "\n".join(item if isinstance(item, str) else json.dumps(item) for item in items)
    result = run("--templates", root, "--jsonl", stdin=text)
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_body_as_json(root: Path):
    assert read("--templates", root, stdin=BODY) == {
        "id": None,
        "template": "bug.yml",
        "confidence": 1.0,
        "ambiguous": [],
        "fields": [
            {
                "field": "what-happened",
                "label": "What happened?",
                "type": "textarea",
                "required": True,
                "status": "answered",
                "value": "It broke",
                "reason": "",
            },
            {
                "field": "os",
                "label": "Operating system",
                "type": "dropdown",
                "required": False,
                "status": "answered",
                "value": ["Linux", "BeOS"],
                "reason": "",
            },
            {
                "field": "terms",
                "label": "Terms",
                "type": "checkboxes",
                "required": True,
                "status": "answered",
                "value": ["I agree"],
                "reason": "",
            },
        ],
        "complete": True,
    }


def test_what_is_missing_is_named(root: Path):
    body = BODY.replace("It broke", "_No response_").replace("[X]", "[ ]").replace("Linux, BeOS", "_No response_")
    result = read("--templates", root, stdin=body.replace("\n", "\r\n"))
    assert result["complete"] is False
    assert [(field["status"], field["value"], field["reason"]) for field in result["fields"]] == [
        ("missing", None, "This field is empty."),
        ("missing", None, "Nothing is chosen here."),
        ("missing", [], "This box is not ticked: “I agree”."),
    ]


def test_a_body_from_no_template(root: Path):
    nothing: dict[str, Any] = {
        "id": None,
        "template": None,
        "confidence": 0.0,
        "ambiguous": [],
        "fields": [],
        "complete": False,
    }
    assert read("--templates", root, stdin="It broke") == nothing
    assert read("--templates", root, stdin="") == nothing


def test_sections_of_a_markdown_template_are_fields(root: Path):
    result = read("--templates", root, stdin="## Summary of it\n\nmore\n\n## Motivation\n")
    assert result["template"] == "feature.md"
    assert [(field["field"], field["label"], field["type"], field["value"]) for field in result["fields"]] == [
        ("summary-of-it", "Summary of it", "section", "more"),
        ("motivation", "Motivation", "section", None),
    ]


def test_text_for_people(root: Path):
    assert run("--templates", root, stdin=BODY.replace("It broke", "...")).stdout == (
        "Template: bug.yml (confidence 1.00)\n"
        "  placeholder  What happened? (textarea, required): This does not say anything yet.\n"
        "  answered     Operating system (dropdown, optional)\n"
        "  answered     Terms (checkboxes, required)\n"
        "Complete: no\n"
    )
    assert run("--templates", root, stdin=BODY).stdout.endswith("Complete: yes\n")
    assert run("--templates", root, stdin="It broke").stdout == "Template: none of them.\n"


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    for name in "ab":
        text = form(
            element("input", "Summary"),
            element("input", "Other"),
            name=f"Form {name}",
            title=f"[{name}]",
            labels=[name],
        )
        (tmp_path / f"{name}.yml").write_bytes(text)
    return tmp_path


TWIN = "### Summary\n\nx1\n\n### Other\n\ny1\n"


def test_what_nothing_tells_apart_is_ambiguous(twins: Path):
    result = read("--templates", twins, stdin=TWIN)
    assert (result["template"], result["ambiguous"], result["fields"], result["complete"]) == (
        None,
        ["a.yml", "b.yml"],
        [],
        False,
    )
    assert run("--templates", twins, stdin=TWIN).stdout == "Template: one of a.yml, b.yml; nothing tells them apart.\n"


def test_title_and_labels_tell_apart(twins: Path):
    assert read("--templates", twins, "--title", "[b] it broke", stdin=TWIN)["template"] == "b.yml"
    assert read("--templates", twins, "--label", "x", "--label", "A", stdin=TWIN)["template"] == "a.yml"
    items = [
        {"body": TWIN, "title": "[A] x"},
        {"body": TWIN, "labels": ["b"]},
        {"body": TWIN, "labels": [{"name": "B"}]},
    ]
    assert [result["template"] for result in stream(twins, *items)] == ["a.yml", "b.yml", "b.yml"]


def test_the_body_may_come_from_a_file_or_from_stdin(root: Path, tmp_path: Path):
    file = tmp_path / "body.md"
    file.write_bytes(b"\xef\xbb\xbf" + BODY.encode().replace(b"It broke", b"It \xff broke"))
    assert read("--templates", root, file)["fields"][0]["value"] == "It � broke"
    assert read("--templates", root, "-", stdin=BODY)["template"] == "bug.yml"


def test_lines_are_answered_in_their_order(root: Path):
    results = stream(
        root,
        {"id": "a", "title": "t", "body": BODY, "labels": []},
        "",
        {"id": 7, "title": None, "body": None, "labels": None},
        {"id": 1.5, "body": ""},
        {"number": 9, "id": None},
        {"number": 9},
        '{"id": "\\ud800", "body": "### What happened?\\n\\n\\ud800"}',
        "{}",
    )
    assert [(result["id"], result["template"]) for result in results] == [
        ("a", "bug.yml"),
        (7, None),
        (1.5, None),
        (None, None),
        (9, None),
        ("\ud800", None),
        (None, None),
    ]
    assert all(list(result) == list(results[0]) for result in results)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "line 2: this is not JSON"),
        ('{"id": 1', "line 2: this is not JSON"),
        ("[1]", "line 2: this is no JSON object"),
        ('{"id": []}', 'line 2: "id" must be a string, a number or null'),
        ('{"title": 1}', 'line 2: "title" must be a string or null'),
        ('{"body": ["a"]}', 'line 2: "body" must be a string or null'),
        ('{"labels": "bug"}', 'line 2: "labels" must be a list or null'),
        ('{"labels": [1]}', 'line 2: "labels" must hold strings'),
        ("[" * 100_000, "line 2: "),
    ],
)
def test_a_line_of_the_wrong_shape_ends_it_after_the_lines_before(root: Path, line: str, words: str):
    result = run("--templates", root, "--jsonl", stdin=f'{{"id": 1}}\n{line}\n{{"id": 3}}\n')
    assert result.exit_code == 2
    assert words in result.stderr
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [1]


def test_unusable_input_ends_with_2_and_says_why(root: Path, tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("x")
    for arguments, words in [
        (("--templates", tmp_path / "nowhere"), "does not exist"),
        (("--templates", file), "is not a folder"),
        (("--templates", root, tmp_path / "nowhere.md"), "cannot be read: No such file"),
        (("--templates", root, tmp_path), "cannot be read: Is a directory"),
        (("--templates", root, "--jsonl", "--title", "x"), "they stand in each line"),
        (("--templates", root, "--format", "xml"), "xml"),
        ((), "--templates"),
    ]:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert words in result.stderr


def test_an_unreadable_template_ends_with_2(root: Path):
    loop = root / ".github" / "ISSUE_TEMPLATE" / "loop.yml"
    loop.symlink_to("/proc/self/mem")
    result = run("--templates", root, stdin=BODY)
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_a_folder_without_templates_is_said_and_checked(tmp_path: Path):
    (tmp_path / "README.md").write_text("## What happened?\n")
    result = run("--templates", tmp_path, "--format", "json", stdin=BODY)
    assert (result.exit_code, json.loads(result.stdout)["template"]) == (0, None)
    assert "there is no issue template" in result.stderr


def test_a_broken_template_is_said_to_people_and_stops_nothing(root: Path):
    folder = root / ".github" / "ISSUE_TEMPLATE"
    (folder / "bad.yml").write_text("name: [")
    (folder / "plain.md").write_text("Without front matter this is worth a warning to maintainers only.")
    result = run("--templates", root, stdin=BODY)
    assert result.exit_code == 0
    assert result.stderr.startswith(".github/ISSUE_TEMPLATE/bad.yml:2:1: error:")
    assert read("--templates", root, stdin=BODY)["template"] == "bug.yml"


LEGACY = "## Legacy heading one\n\n## Legacy heading two\n"


@pytest.mark.parametrize("place", ["ISSUE_TEMPLATE.md", "docs/issue_template.md", ".github/ISSUE_TEMPLATE.md"])
def test_a_legacy_template_is_a_candidate_from_the_root(root: Path, place: str):
    (root / "docs").mkdir()
    (root / place).write_text(LEGACY)
    (root / "README.md").write_text("## What happened?\n")
    assert read("--templates", root, stdin=LEGACY)["template"] == place.rpartition("/")[2]
    assert read("--templates", root, stdin=BODY)["template"] == "bug.yml"


def test_a_repository_with_nothing_but_a_legacy_template(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ISSUE_TEMPLATE.md").write_text(LEGACY)
    (tmp_path / "mkdocs.yml").write_text("site: x\n")
    assert read("--templates", tmp_path, stdin=LEGACY)["template"] == "ISSUE_TEMPLATE.md"


def test_the_template_folder_and_the_github_folder_may_be_named_too(root: Path, tmp_path: Path):
    (root / ".github" / "ISSUE_TEMPLATE.md").write_text(LEGACY)
    assert read("--templates", root / ".github", stdin=LEGACY)["template"] == "ISSUE_TEMPLATE.md"
    assert read("--templates", root / ".github", stdin=BODY)["template"] == "bug.yml"
    folder = root / ".github" / "ISSUE_TEMPLATE"
    assert read("--templates", folder, stdin=BODY)["template"] == "bug.yml"
    assert read("--templates", folder, stdin=LEGACY)["template"] is None
    copy = tmp_path / "copy"
    folder.rename(copy)
    assert read("--templates", copy, stdin=BODY)["template"] == "bug.yml"
    (copy / "bug.yml").unlink()
    assert read("--templates", copy, stdin="## Summary of it\n\n## Motivation")["template"] == "feature.md"


def command(root: Path) -> list[str]:
    return [sys.executable, "-m", "bot", "check", "--templates", str(root), "--jsonl"]


def test_whoever_stops_reading_ends_it_quietly(root: Path):
    with subprocess.Popen(
        command(root), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, errors = process.communicate(b"".join(big_input(300)))
    assert (process.returncode, errors) == (1, b"")


def test_a_result_is_one_line_to_every_reader(root: Path):
    said = "It broke\u2028here\u2029there\x85and\x0b\x0c\x1c\x1d\x1eeverywhere – ⅛ é"
    results = stream(root, {"id": "\u2028", "body": BODY.replace("It broke", said)})  # `stream` splits as `str` does
    assert [(result["id"], result["fields"][0]["value"]) for result in results] == [("\u2028", said)]


def test_a_line_longer_than_any_buffer_is_one_line(root: Path):
    results = stream(root, {"id": 1, "body": BODY.replace("It broke", "x" * 300_000)}, {"id": 2})
    assert [(result["id"], result["template"]) for result in results] == [(1, "bug.yml"), (2, None)]


def big_input(count: int) -> Iterator[bytes]:
    line = json.dumps({"id": "x", "title": "t", "body": BODY + "filler " * 1000, "labels": []}).encode() + b"\n"
    for _ in range(count):
        yield line


def test_memory_does_not_grow_with_the_input_and_answers_come_at_once(root: Path):
    with subprocess.Popen(command(root), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sizes = []
        for number, line in enumerate(big_input(4000)):
            process.stdin.write(line)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["template"] == "bug.yml"
            if number in {400, 3999}:
                status = Path(f"/proc/{process.pid}/status")
                text = status.read_text() if status.exists() else "VmRSS: 0 kB"
                sizes.append(int(text.split("VmRSS:")[1].split()[0]))
        process.stdin.close()
        assert process.wait() == 0
    assert sizes[1] < sizes[0] + 3 * resource.getpagesize()
