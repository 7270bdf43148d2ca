"""Signatures of errors: the same for two reports of one bug, another for another bug."""

from __future__ import annotations

import pytest

from bot.issuebash.signature import normalised, signature

TRACEBACK = """I run this:

```
Traceback (most recent call last):
  File "/home/ann/train.py", line 12, in <module>
    model.fit(x)
  File "/home/ann/.venv/lib/python3.11/site-packages/keras/models.py", line 301, in fit
    self.check(x)
  File "/home/ann/.venv/lib/python3.11/site-packages/keras/shapes.py", line 44, in check
    raise ValueError(x)
ValueError: Shape (3, 4) of layer 'dense_1' does not match 17
```
"""


def test_two_reports_of_one_bug_share_it():
    other = TRACEBACK.replace("/home/ann/.venv/lib/python3.11", "C:/Users/ben/lib/python3.9").replace("44", "46")
    other = other.replace("(3, 4)", "(8, 1)").replace("dense_1", "conv").replace("train.py", "run.py")
    assert str(signature(TRACEBACK)) == str(signature(other))


def test_it_holds_the_innermost_frames_first():
    found = signature(TRACEBACK)
    assert found is not None
    assert found.kind == "ValueError"
    assert found.message == "shape # of layer # does not match #"
    assert found.frames == ("keras/shapes.py:check", "keras/models.py:fit")
    assert found.is_telling


def test_another_place_is_another_bug():
    assert str(signature(TRACEBACK)) != str(signature(TRACEBACK.replace("shapes.py", "layers.py")))


def test_of_chained_errors_the_last_counts():
    text = TRACEBACK + "\nDuring handling of the above\n\nTraceback (most recent call last):\n"
    text += '  File "/x/site-packages/keras/io.py", line 3, in load\nkeras.errors.LoadError: bad file'
    found = signature(text)
    assert found is not None
    assert (found.kind, found.frames) == ("LoadError", ("keras/io.py:load",))


def test_the_standard_library_says_nothing_of_a_place():
    text = 'Traceback\n  File "/usr/lib/python3.11/json/decoder.py", line 3, in decode\nValueError: x'
    found = signature(text)
    assert found is not None
    assert found.frames == ()
    assert not found.is_telling


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("KeyError: 'loss'", "KeyError"),
        ("thread 'main' panicked at src/main.rs:3: no entry found for key", "panic"),
        ("panic: runtime error: index out of range [5]", "panic"),
        ('Exception in thread "main" java.lang.NullPointerException: it is null', "NullPointerException"),
        ("Uncaught TypeError: x is not a function (anonymous)", "TypeError"),
        ("Segmentation fault (core dumped)", "segmentation fault"),
        ("  E   AssertionError: not equal", "AssertionError"),
    ],
)
def test_errors_of_other_kinds_are_known(text: str, kind: str):
    found = signature(f"Hello.\n{text}\n")
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("text", ["", "It fails with an error.", "ValueError", "I like Errors: all of them"])
def test_prose_has_none(text: str):
    assert signature(text) is None


@pytest.mark.parametrize("line", ["store.StoreClosed: the run has ended", "StoreClosed", "E   StoreClosed: it has"])
def test_below_frames_any_class_is_an_error(line: str):
    frames = (
        'Traceback (most recent call last):\n  File "/x/site-packages/autolog/store.py", line 4, in log\n    raise X\n'
    )
    found = signature(f"{frames}{line}\n\nThanks for looking.")
    assert found is not None
    assert (found.kind, found.frames) == ("StoreClosed", ("autolog/store.py:log",))
    assert signature(line) is None


def test_a_bare_name_counts_below_a_traceback():
    found = signature('Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\nKeyboardInterrupt')
    assert found is not None
    assert found.kind == "KeyboardInterrupt"


def test_frames_of_notebooks_count():
    found = signature("~/lib/keras/models.py in fit(self, x)\n   3 \nValueError: nope")
    assert found is not None
    assert found.frames == ("keras/models.py:fit",)


def test_values_are_cut_out_of_messages():
    assert normalised("Cannot open '/data/a b.h5' at 0xdeadbeef after 3.5 s") == "cannot open # at # after # s"


def test_hostile_text_costs_little():
    assert signature(('  File "' + "a" * 500 + "\n") * 2000) is None
    assert signature("a." * 40_000 + "Error:") is None
