# ruff: noqa: E501 a paragraph of a comment is one line
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.forms.template import Field, Finding, Option, Template
from bot.render import MAX_COMMENT, WORDINGS, Renderer
from bot.triage.plan import REQUEST_MARKER
from bot.triage.policy import load_policy
from bot.triage.wording import Choice, CommentName, Facts, NoticeName

VERSION = Field("version", "Version", "input", required=True)
SYSTEM = Field("system", "Operating system", "dropdown", required=True, options=(Option("Linux"), Option("macOS")))
POLICY = Field(
    "policy",
    "Before you go on",
    "checkboxes",
    required=True,
    options=(Option("I have searched", required=True), Option("I may share this", required=True)),
)
LOGS = Field("logs", "Logs", "textarea", required=True, render="shell")
FINDINGS = (
    Finding(POLICY, "missing", "This box is not ticked: “I may share this”.", ("I may share this",)),
    Finding(VERSION, "invalid", "Please give a version number, such as `1.2.3`."),
    Finding(SYSTEM, "missing", "Nothing is chosen here."),
    Finding(LOGS, "placeholder", "This does not say anything yet."),
    Finding(Field("steps", "Steps", "section"), "unchanged", "This field still holds the template's own text."),
    Finding(Field("more", "More", "textarea"), "missing", "This field is empty."),
)
BUG = Template("bug report.yml", ".github/ISSUE_TEMPLATE/bug report.yml", "form", "Bug report", (), "Something broke")
IDEA = Template("idea.md", ".github/ISSUE_TEMPLATE/idea.md", "markdown", "", ())
CHOICES = (
    Choice(BUG, "https://github.com/octo/demo/issues/new?template=bug%20report.yml"),
    Choice(IDEA, "https://github.com/octo/demo/issues/new?template=idea.md"),
)
DEADLINE = date(2030, 5, 24)


def renderer(policy: str = "") -> Renderer:
    return Renderer(load_policy(policy.encode()))


GERMAN = "request: {language: de}"


def own(name: str, text: str) -> Renderer:
    lines = "\n".join(f"      {line}" for line in text.split("\n"))
    return renderer(f"request:\n  wording:\n    {name}: |\n{lines}\n")


def test_one_thing_missing():
    assert renderer().write("request", Facts("ann", FINDINGS[5:])) == snapshot("""\
<!-- community-triage-bot:request -->
Thank you for opening this issue! One thing is still missing:

- **More** — This field is empty.

Could you edit the issue and fill this in? If something does not apply to you, just write that.

A reply works as well: copy this block and write your answers under its headings.

<details>
<summary>Block to copy</summary>

```markdown
### More
```

</details>

<sub>I am a bot: I look again after every edit and reply, and update this comment once everything is here. If I got it wrong, just say so: there are people here too.</sub>
""")


def test_many_things_missing_and_a_deadline():
    assert renderer().write("request", Facts("ann", FINDINGS, deadline=DEADLINE)) == snapshot("""\
<!-- community-triage-bot:request -->
Thank you for opening this issue! A few things are still missing:

- **Before you go on** — This box is not ticked: “I may share this”.
- **Version** — Please give a version number, such as `1.2.3`.
- **Operating system** — Nothing is chosen here. Choices: `Linux`, `macOS`
- **Logs** — This does not say anything yet.
- **Steps** — This field still holds the template's own text.
- **More** — This field is empty.

Could you edit the issue and fill these in, by 2030-05-24 if you can? If something does not apply to you, just write that.

A reply works as well: copy this block and write your answers under its headings.

<details>
<summary>Block to copy</summary>

````markdown
### Before you go on

- [x] I have searched
- [ ] I may share this

### Version


### Operating system


### Logs

```shell

```

### Steps


### More
````

</details>

<sub>I am a bot: I look again after every edit and reply, and update this comment once everything is here. If I got it wrong, just say so: there are people here too.</sub>
""")


def test_asking_again():
    assert renderer().write("request", Facts("ann", FINDINGS[1:3], again=True)) == snapshot("""\
<!-- community-triage-bot:request -->
Thank you for your help so far! As the issue stands now, a few things are missing:

- **Version** — Please give a version number, such as `1.2.3`.
- **Operating system** — Nothing is chosen here. Choices: `Linux`, `macOS`

Could you edit the issue and fill these in? If something does not apply to you, just write that.

A reply works as well: copy this block and write your answers under its headings.

<details>
<summary>Block to copy</summary>

```markdown
### Version


### Operating system
```

</details>

<sub>I am a bot: I look again after every edit and reply, and update this comment once everything is here. If I got it wrong, just say so: there are people here too.</sub>
""")


def test_asking_again_for_one_thing():
    assert renderer().write("request", Facts("ann", FINDINGS[1:2], again=True)).split("\n")[1] == snapshot(
        "Thank you for your help so far! As the issue stands now, one thing is missing:"
    )


def test_choosing_among_templates():
    assert renderer().write("choose_template", Facts("ann", choices=CHOICES)) == snapshot("""\
<!-- community-triage-bot:request -->
Thank you for opening this issue! It follows none of our templates, so some of what we need to help you is probably missing.

Which of these fits best?

- [Bug report](https://github.com/octo/demo/issues/new?template=bug%20report.yml): Something broke
- [`idea.md`](https://github.com/octo/demo/issues/new?template=idea.md)

The links open a new issue with the right questions; you can close this one then. Or edit this issue to answer the same questions under the same headings.

<sub>I am a bot: I look again after every edit and reply, and update this comment once everything is here. If I got it wrong, just say so: there are people here too.</sub>
""")


def test_choosing_the_only_template_with_a_deadline():
    facts = Facts("ann", choices=CHOICES[:1], deadline=DEADLINE, again=True)
    assert renderer().write("choose_template", facts) == snapshot("""\
<!-- community-triage-bot:request -->
Thank you for your help so far! As it stands now, the issue follows none of our templates.

This template asks for it:

- [Bug report](https://github.com/octo/demo/issues/new?template=bug%20report.yml): Something broke

The link opens a new issue with the right questions; you can close this one then. Or edit this issue to answer the same questions under the same headings, by 2030-05-24 if you can.

<sub>I am a bot: I look again after every edit and reply, and update this comment once everything is here. If I got it wrong, just say so: there are people here too.</sub>
""")


def test_all_supplied():
    assert renderer().write("resolved", Facts("ann")) == snapshot("""\
<!-- community-triage-bot:request -->
Thank you! Everything that was missing is here now.
""")


def test_taken_back():
    assert renderer().write("withdrawn", Facts("ann")) == snapshot("""\
<!-- community-triage-bot:request -->
Thank you! Nothing more is needed from you here.
""")


def test_german_many_things_missing():
    assert renderer(GERMAN).write("request", Facts("ann", FINDINGS, deadline=DEADLINE)) == snapshot("""\
<!-- community-triage-bot:request -->
Danke für dein Issue! Ein paar Angaben fehlen noch:

- **Before you go on** — Bitte noch ankreuzen: `I may share this`.
- **Version** — Diese Angabe passt noch nicht: Please give a version number, such as `1.2.3`.
- **Operating system** — Hier ist noch nichts ausgewählt. Zur Auswahl: `Linux`, `macOS`
- **Logs** — Hier bräuchten wir noch eine Antwort.
- **Steps** — Hier steht noch der Text der Vorlage.
- **More** — Hier steht noch nichts.

Kannst du das Issue bearbeiten und das ergänzen, wenn es geht bis 2030-05-24? Wenn etwas bei dir nicht zutrifft, schreib das einfach dazu.

Antworten geht auch: Kopiere diesen Block und schreib deine Angaben unter die Überschriften.

<details>
<summary>Block zum Kopieren</summary>

````markdown
### Before you go on

- [x] I have searched
- [ ] I may share this

### Version


### Operating system


### Logs

```shell

```

### Steps


### More
````

</details>

<sub>Ich bin ein Bot: Ich sehe nach jeder Änderung und jeder Antwort wieder nach und aktualisiere diesen Kommentar, sobald alles da ist. Liege ich falsch, sag es einfach; hier lesen auch Menschen mit.</sub>
""")


def test_german_one_thing_missing():
    assert renderer(GERMAN).write("request", Facts("ann", FINDINGS[5:])).split("\n")[1:4] == snapshot(
        ["Danke für dein Issue! Eine Angabe fehlt noch:", "", "- **More** — Hier steht noch nichts."]
    )


def test_german_asking_again():
    texts = [
        renderer(GERMAN).write("request", Facts("ann", findings, again=True)).split("\n")[1]
        for findings in (FINDINGS, FINDINGS[:1])
    ]
    assert texts == snapshot(
        [
            "Danke für deine Mühe bis hierher! So wie das Issue jetzt ist, fehlen ein paar Angaben:",
            "Danke für deine Mühe bis hierher! So wie das Issue jetzt ist, fehlt eine Angabe:",
        ]
    )


def test_german_choosing():
    assert renderer(GERMAN).write("choose_template", Facts("ann", choices=CHOICES)) == snapshot("""\
<!-- community-triage-bot:request -->
Danke für dein Issue! Es folgt keiner unserer Vorlagen, deshalb fehlt wahrscheinlich manches, was wir brauchen, um dir zu helfen.

Welche davon passt am besten?

- [Bug report](https://github.com/octo/demo/issues/new?template=bug%20report.yml): Something broke
- [`idea.md`](https://github.com/octo/demo/issues/new?template=idea.md)

Jeder Link öffnet ein neues Issue mit den richtigen Fragen; dieses hier kannst du dann schließen. Oder bearbeite dieses Issue und beantworte dieselben Fragen unter denselben Überschriften.

<sub>Ich bin ein Bot: Ich sehe nach jeder Änderung und jeder Antwort wieder nach und aktualisiere diesen Kommentar, sobald alles da ist. Liege ich falsch, sag es einfach; hier lesen auch Menschen mit.</sub>
""")


def test_german_choosing_the_only_one_again():
    facts = Facts("ann", choices=CHOICES[:1], deadline=DEADLINE, again=True)
    assert renderer(GERMAN).write("choose_template", facts) == snapshot("""\
<!-- community-triage-bot:request -->
Danke für deine Mühe bis hierher! So wie es jetzt ist, folgt das Issue keiner unserer Vorlagen.

Diese Vorlage fragt danach:

- [Bug report](https://github.com/octo/demo/issues/new?template=bug%20report.yml): Something broke

Der Link öffnet ein neues Issue mit den richtigen Fragen; dieses hier kannst du dann schließen. Oder bearbeite dieses Issue und beantworte dieselben Fragen unter denselben Überschriften, wenn es geht bis 2030-05-24.

<sub>Ich bin ein Bot: Ich sehe nach jeder Änderung und jeder Antwort wieder nach und aktualisiere diesen Kommentar, sobald alles da ist. Liege ich falsch, sag es einfach; hier lesen auch Menschen mit.</sub>
""")


def test_german_thanks():
    texts = [renderer(GERMAN).write("resolved", Facts("ann")), renderer(GERMAN).write("withdrawn", Facts("ann"))]
    assert texts == snapshot(
        [
            """\
<!-- community-triage-bot:request -->
Danke! Jetzt ist alles da, was gefehlt hat.
""",
            """\
<!-- community-triage-bot:request -->
Danke! Hier wird von dir nichts mehr gebraucht.
""",
        ]
    )


NOTICES: tuple[NoticeName, ...] = ("reminder", "stale", "closing", "needs_info_closing", "over")


def test_german_notices():
    german = renderer(GERMAN)
    days = (DEADLINE, DEADLINE, None, None, None)
    said = [german.notice(name, "ann", day) for name, day in zip(NOTICES, days, strict=True)]
    assert "\n---\n".join(said) == snapshot("""\
ann, eine freundliche Erinnerung: Um helfen zu können, brauchen die Betreuer hier noch eine Antwort von dir.

Eine kurze Antwort genügt, damit dieses Issue offen bleibt; auch „Ich konnte es noch nicht ausprobieren“ ist eine.
Ohne Antwort wird es nach dem 2030-05-24 geschlossen.

<sub>Ich bin ein Bot. Liege ich falsch, sag es einfach; hier lesen auch Menschen mit.</sub>
---
Hier ist es schon eine Weile still. Ist das noch wichtig für dich?

Wenn ja, sag es einfach, dann bleibt das Issue offen. Antwortet niemand, wird es nach dem 2030-05-24 geschlossen.

<sub>Ich bin ein Bot. Liege ich falsch, sag es einfach; hier lesen auch Menschen mit.</sub>
---
Auf meinen letzten Hinweis hat niemand geantwortet, darum schließe ich dieses Issue vorerst. Danke trotzdem, dass du es angesprochen hast.

Ist es noch wichtig für dich, ann? Dann antworte hier, und ich öffne es wieder.

<sub>Ich bin ein Bot. Liege ich falsch, sag es einfach; hier lesen auch Menschen mit.</sub>
---
Ohne eine Antwort kommt hier niemand weiter, darum schließe ich dieses Issue vorerst. Danke trotzdem, dass du es gemeldet hast.

Wenn du die Antwort hast, ann, schreib sie hier, und ich öffne es wieder.

<sub>Ich bin ein Bot. Liege ich falsch, sag es einfach; hier lesen auch Menschen mit.</sub>
---
Dieser Hinweis gilt nicht mehr: Seinetwegen wird nichts geschlossen.\
""")


def test_notices_to_nobody_that_name_no_day():
    said = "\n---\n".join(renderer().notice(name, "ghost") for name in NOTICES)
    assert "{" not in said
    assert "\n\n\n" not in said
    assert said == snapshot("""\
A friendly reminder: the maintainers still need an answer from you to go on here.

A short reply is enough; "I could not try it yet" is one, too.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
---
It has been quiet here for a while. Does this still matter to you?

If it does, just say so. If it does not, you are welcome to close the issue.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
---
Nobody has replied since my last note, so I am closing this issue for now. Thank you for bringing it up all the same.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
---
Nobody can go on here without an answer, so I am closing this issue for now. Thank you for reporting it all the same.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
---
This notice no longer applies: nothing will be closed because of it.\
""")


def test_a_repository_may_warn_in_its_own_words():
    own = renderer("stale: {mark_comment: 'Hello {{ author }}{% if day %}, until {{ day }}{% endif %}!'}")
    assert own.notice("stale", "a_b_c", DEADLINE) == "Hello a\\_b\\_c, until 2030-05-24!"
    assert own.notice("stale", "ghost") == "Hello !"
    assert own.notice("closing", "ann") == renderer().notice("closing", "ann")


def test_own_warnings_that_cannot_be_used_are_reported_and_the_built_in_ones_said():
    broken = renderer("needs_info:\n  reminder_comment: '{{ deadline }}'\n")
    (problem,) = broken.problems
    assert (problem.line, "the built-in one is used: 'deadline' is undefined" in problem.message) == (2, True)
    assert broken.notice("reminder", "ann") == renderer().notice("reminder", "ann")


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        ("stale: {days_until_close: 7, mark_comment: Anybody here?}", "stale"),
        ("stale: {labels: {bug: {days_until_close: 7}}, mark_comment: Anybody here?}", "stale"),
        (
            "needs_info: {days_until_reminder: 7, days_until_close: 7, reminder_comment: '{% if not day %}x{% endif %}'}",
            "reminder",
        ),
    ],
)
def test_a_warning_before_closing_always_names_the_day(policy: str, names: NoticeName):
    silent = renderer(policy)
    assert ["It must say until when nothing is closed: {{ day }}." in it.message for it in silent.problems] == [True]
    assert silent.notice(names, "ann", DEADLINE) == renderer().notice(names, "ann", DEADLINE)


def test_where_nothing_is_closed_no_day_is_named():
    assert renderer("stale: {mark_comment: Anybody here?}").notice("stale", "ann") == "Anybody here?"


def test_own_warnings_that_grow_too_long_give_way_to_the_built_in_ones():
    long = renderer(f"stale: {{close_comment: '{{% for each in author %}}{'x' * 4000}{{% endfor %}}'}}")
    assert not long.problems
    assert long.notice("closing", "a" * 39) == renderer().notice("closing", "a" * 39)


def test_a_hostile_template_cannot_do_anything_in_the_comment():
    field = Field(
        "x",
        f"</details> @all #1 {REQUEST_MARKER} ```\n# big https://example.org",
        "dropdown",
        options=(Option("`</summary>` @octocat"),),
    )
    text = renderer().write(
        "request", Facts("ann", (Finding(field, "missing", "See [this](javascript:x) @team/core!"),))
    )
    assert text == snapshot("""\
<!-- community-triage-bot:request -->
Thank you for opening this issue! One thing is still missing:

- **&lt;/details&gt; `@all` `#1` &lt;!-- community-triage-bot:request --&gt; \\`\\`\\` \\# big `https://example.org`** — See \\[this\\](javascript:x) `@team/core!` Choices: `` `</summary>` @octocat ``

Could you edit the issue and fill this in? If something does not apply to you, just write that.

A reply works as well: copy this block and write your answers under its headings.

<details>
<summary>Block to copy</summary>

````markdown
### </details> @all #1 <!-- community-triage-bot:request --> ```
````

</details>

<sub>I am a bot: I look again after every edit and reply, and update this comment once everything is here. If I got it wrong, just say so: there are people here too.</sub>
""")
    assert REQUEST_MARKER not in text.removeprefix(REQUEST_MARKER).split("````")[0]


def test_links_in_labels_are_named_by_their_words():
    box = (
        "I agree to the [Code of Conduct](https://github.com/o/r/blob/main/CODE_OF_CONDUCT.md#what-is-asked) in [full]"
    )
    field = Field("terms", "[Terms](https://x.example)", "checkboxes", required=True, options=(Option(box, True),))
    findings = (Finding(field, "missing", f"This box is not ticked: “{box}”.", (box,)),)
    said = [
        next(line for line in wording.write("request", Facts("ann", findings)).split("\n") if line.startswith("- **"))
        for wording in (renderer(), renderer(GERMAN))
    ]
    assert said == snapshot(
        [
            "- **Terms** — This box is not ticked: “I agree to the Code of Conduct in \\[full\\]”.",
            "- **Terms** — Bitte noch ankreuzen: `I agree to the Code of Conduct in [full]`.",
        ]
    )


def test_the_whole_message_of_a_rule_is_said():
    message = "Please say it. " * 33
    assert message.strip() in renderer().write("request", Facts("ann", (Finding(LOGS, "invalid", message),)))


def test_a_field_without_a_visible_name_still_has_one_to_speak_of():
    field = Field("x", "\u200b", "input")
    assert "**(no name)**" in renderer().write("request", Facts("ann", (Finding(field, "missing", "Empty."),)))


def test_a_long_list_of_options_is_cut():
    field = Field("x", "Pick", "dropdown", options=tuple(Option(str(number)) for number in range(40)))
    text = renderer().write("request", Facts("ann", (Finding(field, "missing", "Nothing is chosen here."),)))
    assert "Choices: `0`, `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8`, `9`, `10`, `11`, …\n" in text


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", ["request", "choose_template"])
def test_a_comment_never_gets_longer_than_github_takes(language: str, name: CommentName):
    label = "&*" * 200
    options = tuple(Option(label) for _ in range(20))
    findings = tuple(Finding(Field("x", label, "dropdown", options=options), "missing", label) for _ in range(101))
    template = Template("a.yml", "a.yml", "form", label, (), label)
    choices = tuple(Choice(template, "https://github.com/octo/demo/issues/new?template=a.yml") for _ in range(101))
    text = renderer(f"request: {{language: {language}}}").write(name, Facts("ann", findings, choices))
    assert len(text) < 65_536
    assert ("more." if language == "en" else "weitere.") in text


def test_a_comment_that_would_be_too_long_first_loses_its_block():
    findings = tuple(
        Finding(Field("x", f"{number} {'*' * 140}", "input"), "missing", "Empty. " * 42) for number in range(99)
    )
    text = renderer().write("request", Facts("ann", findings))
    assert "<details>" not in text
    assert "**98 " in text


@pytest.mark.parametrize("name", WORDINGS)
def test_a_repository_may_use_its_own_words(name: CommentName):
    theirs = own(name, "Hi {{ author }}! {% for one in missing %}[{{ one.label }}]{% endfor %}")
    assert theirs.problems == ()
    assert theirs.write(name, Facts("ann", FINDINGS[:2])) == f"{REQUEST_MARKER}\nHi ann! [Before you go on][Version]\n"


def test_own_words_may_use_all_facts():
    text = (
        "{{ author|upper }} {{ missing|length }} {{ more }} "
        "{% if deadline and not again %}{{ deadline }}{% endif %} "
        "{{ (missing|first).boxes if missing else 'none' }} {{ block|default('') }}"
    )
    theirs = own("request", text)
    assert theirs.problems == ()
    assert theirs.write("request", Facts("ann", FINDINGS[:1], deadline=DEADLINE)) == snapshot("""\
<!-- community-triage-bot:request -->
ANN 1 0 2030-05-24 `I may share this` ```markdown
### Before you go on

- [x] I have searched
- [ ] I may share this
```
""")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{{ missing.foo }}", "has no attribute 'foo'"),
        ("{% if %}", "line 1"),
        ("a\n{% for x in missing %}", "Unexpected end of template"),
        ("{{ ''.__class__ }}", "access to attribute '__class__' of 'str' object is unsafe."),
        ("{{ range(9) }}", "`call` is not allowed here"),
        ("{% for x in missing %}{% for y in missing %}{% endfor %}{% endfor %}", "one loop may not stand in another"),
        ("{% for x in missing recursive %}{% endfor %}", "one loop may not stand in another"),
        ("{% set x = 1 %}", "`assign` is not allowed here"),
        ("{% macro x() %}{% endmacro %}", "`macro` is not allowed here"),
        ("{% include 'request.md.j2' %}", "`include` is not allowed here"),
        ("{% extends 'request.md.j2' %}", "`extends` is not allowed here"),
        ("{{ 'x' * 1000000000 }}", "`mul` is not allowed here"),
        ("{{ 9 ** 9 ** 9 }}", "`pow` is not allowed here"),
        ("{{ '%1000000000d' % 1 }}", "`mod` is not allowed here"),
        ("{{ 'x'|center(1000000000) }}", "No filter named 'center'"),
        ("{{ block" + "|upper" * 30 + " }}", "this is nested too deeply"),
        ("{{ block|join(block)|join(block) }}", "No filter named 'join'"),
        ("{{ missing[0] }}", "`getitem` is not allowed here"),
        ("{{ missing < 3 }}", "not supported between"),
        ("{% for x in missing %}" + "y" * 4900 + "{% endfor %}{{ [1, 2] }}", "`list` is not allowed here"),
    ],
)
def test_words_that_cannot_be_used_are_reported_and_the_built_in_ones_said(text: str, said: str):
    theirs = own("resolved", text)
    (problem,) = theirs.problems
    assert str(problem).startswith(".github/triage.yml:3:5: error: This wording cannot be used")
    assert said in problem.message
    assert theirs.write("resolved", Facts("ann")) == renderer().write("resolved", Facts("ann"))


def test_words_that_fail_only_on_a_real_issue_give_way_to_the_built_in_ones():
    theirs = own("request", "{{ missing.nothing if missing|length == 3 else 'fine' }}")
    assert theirs.problems == ()
    facts = Facts("ann", FINDINGS[:3])
    assert theirs.write("request", facts) == renderer().write("request", facts)
    assert theirs.write("request", Facts("ann", FINDINGS[:1])) == f"{REQUEST_MARKER}\nfine\n"


def test_words_that_grow_too_long_give_way_to_the_built_in_ones():
    theirs = own("request", "{% for one in missing %}" + "y" * 4900 + "{% endfor %}")
    assert theirs.problems == ()
    findings = FINDINGS * 30
    assert len(theirs.write("request", Facts("ann", findings))) <= MAX_COMMENT + 100
    assert theirs.write("request", Facts("ann", FINDINGS[:1])) == f"{REQUEST_MARKER}\n{'y' * 4900}\n"


def test_words_that_are_too_long_even_for_one_field_give_way_to_the_built_in_ones():
    theirs = own("request", "{% for one in missing %}" + "{{ one.label }}" * 300 + "{% endfor %}")
    assert theirs.problems == ()
    facts = Facts("ann", (Finding(Field("x", "*" * 140, "input"), "missing", "Empty."),))
    assert theirs.write("request", facts) == renderer().write("request", facts)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_label_and_reason_can_be_said(label: str, reason: str):
    text = renderer().write("request", Facts("ann", (Finding(Field("x", label, "input"), "missing", reason),)))
    assert text.startswith(f"{REQUEST_MARKER}\n")
    assert text.count("<details>") == text.count("</details>") == 1 or "<details>" in label
