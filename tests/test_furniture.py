"""What lies around the code: issue forms, changelog, citation, version."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

import kcarol

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
RELEASES = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", CHANGELOG, re.M)
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))
NEEDS = {  # GitHub's syntax for issue forms: keys of `attributes` that each kind of field must have
    "markdown": {"value"},
    "input": {"label"},
    "textarea": {"label"},
    "dropdown": {"label", "options"},
    "checkboxes": {"label", "options"},
}
KNOWS = {
    "markdown": set(),
    "input": {"description", "placeholder", "value"},
    "textarea": {"description", "placeholder", "value", "render"},
    "dropdown": {"description", "multiple", "default"},
    "checkboxes": {"description"},
}


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# --- issue forms


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_takes(path):
    form = read(path)
    assert form.keys() <= {"name", "description", "body", "title", "labels", "assignees"}
    assert len(form["name"]) > 3 and 3 < len(form["description"]) <= 200
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in fields]
    assert names and len(set(names)) == len(names) and all(map(str.isidentifier, names))
    labels = [field["attributes"]["label"] for field in fields]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_the_fields_of_a_form_are_whole(path):
    for field in read(path)["body"]:
        kind, attributes = field["type"], field["attributes"]
        assert field.keys() <= {"type", "id", "attributes", "validations"}
        assert NEEDS[kind] <= attributes.keys() <= NEEDS[kind] | KNOWS[kind]
        assert field.get("validations", {"required": True}) == {"required": True}
        options = attributes.get("options", [])
        if kind == "checkboxes":
            options = [option["label"] for option in options]
        assert all(isinstance(option, str) and option != "None" for option in options)
        assert len(set(options)) == len(options)


def test_forms_are_few_and_short():
    assert [path.stem for path in FORMS] == ["bug", "sound", "wish"]
    assert all(len(read(path)["body"]) <= 8 for path in FORMS)
    assert len({read(path)["name"] for path in FORMS}) == 3
    assert read(ROOT / ".github/ISSUE_TEMPLATE/config.yml") == {"blank_issues_enabled": True}


# --- the version


def test_version_changelog_and_citation_agree():
    assert RELEASES[0] == (kcarol.__version__, CITATION["date-released"].isoformat())
    assert CITATION["version"] == kcarol.__version__


def test_releases_are_listed_from_the_newest_to_the_oldest_with_what_changed():
    numbers = [tuple(map(int, number.split("."))) for number, _ in RELEASES]
    days = [date.fromisoformat(day) for _, day in RELEASES]
    assert numbers == sorted(numbers, reverse=True) and days == sorted(days, reverse=True)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", CHANGELOG, re.M)) <= kinds
    assert len(re.findall(r"^## ", CHANGELOG, re.M)) == len(RELEASES)


def test_the_citation_has_what_its_format_requires():
    assert CITATION["cff-version"] == "1.2.0" and CITATION["type"] == "software"
    assert CITATION["message"] and CITATION["title"] and CITATION["license"] == "MIT"
    assert all(author.keys() == {"name"} for author in CITATION["authors"])


# --- documents


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_links_of_documents_are_files_of_the_repository(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
