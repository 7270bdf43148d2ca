"""What a repository's owner can write into its policy and templates to harm the service that reads them."""

from __future__ import annotations

import contextlib
from functools import partial
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.forms.document import MAX_BYTES
from bot.forms.load import load
from bot.forms.pattern import MOST_MEMORY, compile_pattern
from bot.render import Renderer
from bot.triage.issue import Repository
from bot.triage.need import find_choices
from bot.triage.policy import MOST_PATTERNS, PolicyError, load_policy
from tests.bot.triage.world import issue
from tests.processor import seconds

LONGEST_BODY = 65_536
SECONDS = 2.0
"""Of work; what is measured takes a small part of it."""


PATTERNS = [
    "(a+)+$",
    "(a|a|a)*b",
    "(.*)*(.*)*(.*)*x",
    "(?:a?){400}a{400}",
    "(?:(?:a{1,30}){1,30}b?)*c",
    r"(?:\pL{1,20}\pN?)*!",
    "[^a]{1000}|a{999}",
    "(?i)" + "|".join(f"{letter * 30}{number}" for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz")),
    "(?:x{0,100}y){9}" * 3,
]
BODIES = ["a" * LONGEST_BODY, "ab" * (LONGEST_BODY // 2), "äß漢" * (LONGEST_BODY // 3), "xy0" * (LONGEST_BODY // 3)]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_worst_patterns_take_little_time_and_memory(pattern: str):
    try:
        compiled = compile_pattern(pattern)
    except ValueError:
        return
    assert compiled.options.max_mem == MOST_MEMORY
    for body in BODIES:
        assert seconds(partial(compiled.search, body)) < SECONDS


def test_a_pattern_whose_program_alone_is_too_large_is_refused():
    with pytest.raises(ValueError, match="too large"):
        compile_pattern(r"(?:\pL{1,50}){1,20}")


def with_patterns(number: int) -> bytes:
    rules = "\n".join(f"    field {at}: {{pattern: x{at}}}" for at in range(number))
    return f"fields:\n  '*':\n{rules}\n".encode()


def test_there_is_an_end_to_the_number_of_patterns():
    assert len(load_policy(with_patterns(MOST_PATTERNS)).fields["*"]) == MOST_PATTERNS
    with pytest.raises(PolicyError, match="at most 50 patterns"):
        load_policy(with_patterns(MOST_PATTERNS + 1))


LOOP = "{% for m in missing %}{{ m.label|upper|lower|title|trim }}{{ m.reason|default('x')|capitalize }}{% endfor %}"
WORDINGS = [
    LOOP * 40,
    "{{ author" + "|upper" * 18 + " }}",
    ("{{ author" + "|upper" * 17 + " }}") * 30,
    "{% if author %}" * 18 + "x" + "{% endif %}" * 18,
    "{% if author == 'a' or " + " or ".join(["author == 'b'"] * 250) + " %}x{% endif %}",
    "{{ " + " ~ ".join(["block"] * 500) + " }}",
    "{{ 'x' " + "is defined " * 400 + "}}",
    "{% for m in missing %}" + "{{ block }}" * 400 + "{% endfor %}",
    "{{ (" * 400 + "author" + ") }}" * 400,
    "{#" + "x" * 4900 + "#}",
    "{% raw %}" + "{{" * 2000 + "{% endraw %}",
]


@pytest.mark.parametrize("wording", WORDINGS, ids=range(len(WORDINGS)))
def test_no_wording_takes_long(wording: str):
    assert len(wording) <= 5000
    policy = load_policy(b"request:\n  wording:\n    request: |\n      " + wording.encode() + b"\n")
    assert seconds(lambda: Renderer(policy)) < SECONDS


def many(start: str, each: str, end: str = "") -> str:
    """As often as a file may be long."""
    return start + each * ((MAX_BYTES - len(start) - len(end)) // len(each)) + end


FILES = {
    "items": many("enabled: [", "1,", "]"),
    "levels": many("", "[", ""),
    "keys": "\n".join(f"key{number}: 1" for number in range(18_000)),
    "keys nearly right": "\n".join(f"label{number}: 1" for number in range(18_000)),
    "the same key": many("", "a: 1\n"),
    "one long key": many("? ", "a", "\n: 1"),
    "one long text": many("enabled: '", "a", "'"),
    "one long number": many("enabled: ", "9"),
    "digits to the base of 60": many("enabled: 1", ":1"),
    "parts to the base of 60": many("enabled: 1", ":1", ".5"),
    "an empty number": "enabled: !!int ''",
    "an empty part": "enabled: !!float '_'",
    "aliases": "a: &a [1]\nb: [" + ",".join(["*a"] * 99) + "]",
    "merged keys": "\n".join(
        ["l0: &l0 {a: 1}"]
        + [f"l{number}: &l{number} {{<<: [{', '.join([f'*l{number - 1}'] * 9)}]}}" for number in range(1, 12)]
    ),
    "anchors": "\n".join(f"k{number}: &a{number} x" for number in range(12_000)),
    "comments": many("", "#\n"),
    "documents": many("", "---\n"),
    "folded": many("a: >\n", " \n"),
    "escapes": many('a: "', r"\u0041", '"'),
    "tags": many("", "- !<tag:example.com,2000:x> 1\n"),
    "blanks": many("a:", " ", "b"),
    "tabs": many("a:", "\t", "b"),
    "flow": many("", "{a: "),
    "quotes": many("a: '", "''", "'"),
    "labels": "labels: {templates: {" + ", ".join(f"t{number}: [a, b, c]" for number in range(2500)) + "}}",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_no_file_takes_long_to_be_read_or_refused(text: str):
    def read() -> None:
        with contextlib.suppress(PolicyError):
            load_policy(text.encode())

    assert seconds(read) < SECONDS
    names = ("bug.yml", "config.yml", "bug.md")
    for name in names:
        content = f"---\n{text}\n---\nx" if name.endswith(".md") else text
        assert seconds(partial(load, at(name, content))) < SECONDS


def at(name: str, content: str) -> dict[str, bytes]:
    return {f".github/ISSUE_TEMPLATE/{name}": content.encode()}


NAMES = [
    "...md",
    "%2e%2e%2f.md",
    "a\n\r\nb.md",
    "a?b=c&template=d.md",
    "a#b.md",
    "a)[b](http:c.md",
    "\u202edm.a.md",
    "a\\b.md",
    "\x00.md",
    "@octo-org.md",
    "x" * 252 + ".md",
    "' onclick='.md",
    "<b>.md",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_of_a_template_leads_its_link_elsewhere(name: str):
    repository = Repository(1, "octo", "demo", "https://github.com/octo/demo", "main", is_public=True)
    templates = load(at(name, "---\nname: Bug report\nabout: x\n---\nx"))
    (choice,) = find_choices(issue(), repository, templates)
    link = urlsplit(choice.url)
    assert (link.scheme, link.netloc, link.path, link.fragment) == ("https", "github.com", "/octo/demo/issues/new", "")
    assert parse_qsl(link.query, keep_blank_values=True) == [("template", name)]
    assert set("()<>\"'\\ \n") & set(choice.url) == set()
