"""How the package is written, in figures: lines, columns, formatting, folders, tuple assignments.

house.py [PACKAGE ...]
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 100  # columns


def unrelated_pairs(tree: ast.AST) -> int:
    """Assignments of several values to several names at once: `a, b = x, y`."""
    return sum(
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Tuple)
        and isinstance(node.value, ast.Tuple)
        for node in ast.walk(tree)
    )


def named_lambdas(tree: ast.AST) -> int:
    return sum(
        isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
        for node in ast.walk(tree)
    )


def figures(package: Path) -> dict[str, float]:
    """Figures of all Python files below a folder, by name."""
    sources = {path: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    lines = [line for source in sources.values() for line in source.splitlines()]
    trees = [ast.parse(source) for source in sources.values()]
    functions = [
        node.end_lineno - node.lineno + 1
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    modules = [path.parent for path in sources if path.name != "__init__.py"]
    return {
        "lines": len(lines),
        f"lines over {WIDTH} columns, %": 100 * sum(len(x) > WIDTH for x in lines) / len(lines),
        "fmt: skip": sum("fmt: skip" in line for line in lines),
        "modules": len(modules),
        "modules in the largest folder": max(modules.count(folder) for folder in set(modules)),
        "tuple assignments in 1000 lines": 1000 * sum(map(unrelated_pairs, trees)) / len(lines),
        "lambdas with a name": sum(map(named_lambdas, trees)),
        "median lines of a function": sorted(functions)[len(functions) // 2],
        "functions over 30 lines, %": 100 * sum(n > 30 for n in functions) / len(functions),
    }


def import_seconds(root: Path) -> float:
    """Least of five: what `import kcarol` adds to starting Python."""

    def seconds(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
        return time.perf_counter() - begin

    return min(seconds("import kcarol") - seconds("pass") for _ in range(5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", type=Path, default=[ROOT / "kcarol"])
    for package in parser.parse_args().packages:
        print(f"| {package.name} | |\n|-|-|")
        for name, value in figures(package).items():
            print(f"| {name} | {value:,.2f} |".replace(".00 ", " "))
        print(f"| import {package.name}, s | {import_seconds(package.resolve().parent):.2f} |\n")


if __name__ == "__main__":
    main()
