"""Every real template loads, or is reported and stops no other."""

from __future__ import annotations

from bot.forms.load import is_template_path, load
from tests.corpus.corpus import FOLDER, lines, repositories, template_sets


def test_every_template_file_is_loaded_or_reported():
    for repository, files in repositories().items():
        loaded = template_sets()[repository]
        known = {template.path for template in loaded.templates} | {problem.path for problem in loaded.problems}
        configs = {path for path in files if path.rpartition("/")[2].startswith("config.y")}
        assert all(is_template_path(path) for path in files)
        assert files.keys() - known - configs == set(), repository


def test_every_form_that_github_shows_has_fields_and_no_error():
    forms = [
        template for loaded in template_sets().values() for template in loaded.templates if template.kind == "form"
    ]
    assert len(forms) >= 98
    assert all(template.fields for template in forms)
    errors = [
        str(problem) for loaded in template_sets().values() for problem in loaded.problems if ".yml" in problem.path
    ]
    assert errors == []


def test_markdown_templates_nearly_all_have_sections():
    written = [
        template for loaded in template_sets().values() for template in loaded.templates if template.kind == "markdown"
    ]
    without = [template for template in written if not template.fields]
    assert len(written) >= 790
    # Eight in a hundred hold only a sentence, such as "please use the forum".
    assert len(without) <= 0.11 * len(written)


def test_earlier_revisions_load_too():
    assert FOLDER is not None
    for entry in lines("templates/index.jsonl"):
        content = (FOLDER / "templates" / entry["file"]).read_bytes()
        loaded = load({entry["path"]: content})
        assert loaded.templates or loaded.problems or entry["kind"] == "config", entry["file"]


def test_the_public_schemas_valid_examples_load_without_an_error():
    assert FOLDER is not None
    for path in sorted((FOLDER / "forms_schema" / "src" / "test" / "github-issue-forms").iterdir()):
        loaded = load({f".github/ISSUE_TEMPLATE/{path.stem}.yml": path.read_bytes()})
        assert loaded.templates, path.name
        assert [problem for problem in loaded.problems if problem.severity == "error"] == [], path.name


def test_the_public_schemas_invalid_examples_are_reported():
    assert FOLDER is not None
    for path in sorted((FOLDER / "forms_schema" / "src" / "negative_test" / "github-issue-forms").iterdir()):
        # GitHub itself takes any language for a rendered field, the schema only those it lists.
        if path.stem != "wrong_render_name":
            assert load({f".github/ISSUE_TEMPLATE/{path.stem}.yml": path.read_bytes()}).problems, path.name
