"""Facts about what the controls of a notebook say and show."""

from types import SimpleNamespace

import pytest

from kcarol.notebook.workbench.controls import say, show_html


@pytest.fixture
def message():
    return SimpleNamespace(value="")


def test_a_message_is_what_the_work_returns_as_plain_text(message):
    say(message, lambda: "a <b> & c")
    assert message.value == "a &lt;b&gt; &amp; c"


def test_while_it_works_it_says_so(message):
    seen = []
    say(message, lambda: seen.append(message.value) or "done", "working ...")
    assert seen == ["working ..."] and message.value == "done"


@pytest.mark.parametrize(
    ("error", "line"),
    [(ValueError("expected <a>\nfound b"), "expected &lt;a&gt;"), (MemoryError(), "MemoryError")],
)
def test_an_error_is_one_line_that_screen_readers_announce(message, error, line):
    def fail():
        raise error

    say(message, fail)
    assert message.value.startswith(f'<p role="alert">{line}') and "\n" not in message.value


def test_html_takes_the_place_of_what_an_output_showed():
    output = SimpleNamespace(outputs=())
    show_html(output, "<p>one</p>")
    show_html(output, "<p>two</p>")
    [shown] = output.outputs
    assert shown["data"] == {"text/html": "<p>two</p>"}
    assert shown["output_type"] == "display_data"
