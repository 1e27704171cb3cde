"""Whatever the command line says has a translation, as far as the sources show what that is."""

import ast
import re
from pathlib import Path

import pytest

import kcarol
from kcarol.cli.language.catalogue import KO, PHRASES, Catalogue, read_messages

PACKAGE = Path(kcarol.__file__).parent
MESSAGES = read_messages(KO)
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "notebook" not in path.parts]
# calls that tell people something; errors of other classes than these tell something to programmers
TELLING = {"complain", "print", "tell", "warn", "write", "tqdm", "Sound", "TableOfFigures", "Table"}
OF_PROGRAMMERS = {"ValueError", "AttributeError", "IndexError", "KeyError", "TypeError"}
WORDS = re.compile(r"[a-z]{2}")
FIELD, VALUE = "\0", "1"  # in a source, and as it may be shown
KOREAN = Catalogue(MESSAGES | {VALUE: VALUE})


def name_of(call: ast.Call) -> str:
    """f of f(...), a.f(...), and E of E.of(...)."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "of":
        function = function.value
    return getattr(function, "attr", None) or getattr(function, "id", "")


def told_in(tree: ast.AST) -> list[ast.expr]:
    """Arguments of the calls that tell something, and of the errors that do; and their phrases."""
    told = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            told += [] if name_of(node.exc) in OF_PROGRAMMERS else node.exc.args
        elif isinstance(node, ast.Call) and name_of(node) in TELLING:
            told += [*node.args, *(word.value for word in node.keywords if word.arg == "desc")]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in PHRASES:
            told.append(node.value)
    return told


def texts_of(node: ast.expr) -> list[str]:
    """What an expression may say; FIELD where that is not in it."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(part.value if is_text(part) else FIELD for part in parts)]
        case ast.IfExp(body=one, orelse=other):
            return texts_of(one) + texts_of(other)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return [a + b for a in texts_of(left) or [FIELD] for b in texts_of(right) or [FIELD]]
        case ast.Call(args=[*arguments]) if name_of(node) in {"printable"}:
            return [text for argument in arguments for text in texts_of(argument)]
    return []


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def has_translation(text: str) -> bool:
    """Whether the text is one with any field, or a message has its words in their order."""
    as_shown = text.replace(FIELD, VALUE)
    if KOREAN.translate(as_shown) != as_shown:
        return True
    pieces = filter(WORDS.search, text.split(FIELD))
    words = re.compile(".*".join(map(re.escape, pieces)), re.DOTALL)
    return any(map(words.search, MESSAGES))


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=str)
def test_every_message_has_a_translation(folder):
    said = {
        text: f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in folder.glob("*.py")
        for node in told_in(ast.parse(path.read_text(encoding="utf-8")))
        for text in texts_of(node)
        if WORDS.search(text)
    }
    lacking = [f"{place}: {text}" for text, place in said.items() if not has_translation(text)]
    assert lacking == [], f"add them to {KO}"
