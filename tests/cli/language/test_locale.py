"""The variables of the environment choose the language, as gettext reads them."""

import io
import sys

import pytest

from kcarol.cli.language import locale as language
from kcarol.cli.language.locale import reads_korean


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for variable in language.VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("variable", language.VARIABLES)
@pytest.mark.parametrize("name", ["ko_KR.UTF-8", "ko", "ko_KR.eucKR@x", "Korean_Korea.949"])
def test_each_variable_can_choose_korean(monkeypatch, variable, name):
    monkeypatch.setenv(variable, name)
    assert reads_korean()


@pytest.mark.parametrize("name", ["en_US.UTF-8", "C", "C.UTF-8", "POSIX", "kok_IN.UTF-8", "fr_FR"])
def test_all_others_read_english(monkeypatch, name):
    monkeypatch.setenv("LANG", name)
    assert not reads_korean()


def test_the_first_variable_with_a_value_decides(monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    monkeypatch.setenv("LC_MESSAGES", "")
    assert reads_korean()
    monkeypatch.setenv("LC_ALL", "C")
    assert not reads_korean()
    monkeypatch.setenv("LANGUAGE", "ko")
    assert reads_korean()


@pytest.mark.parametrize("names, korean", [("fr:ko:en", True), ("en:ko", False), ("fr:de", False)])
def test_the_first_known_of_several_languages_counts(monkeypatch, names, korean):
    monkeypatch.setenv("LANGUAGE", names)
    assert reads_korean() == korean


def test_without_variables_the_systems_locale_decides(monkeypatch):
    monkeypatch.setattr(language.locale, "setlocale", lambda category: "Korean_Korea.949")
    assert reads_korean()
    monkeypatch.setattr(language.locale, "setlocale", lambda category: "English_Australia.1252")
    assert not reads_korean()


def test_a_terminal_without_hangul_gets_english(monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert not reads_korean()
