"""What tests share is in tests/helpers, so that each test module can be run, moved and read alone."""

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_test_module_imports_a_test_module():
    modules = sorted(TESTS.rglob("*.py"))
    assert len(modules) > 80
    for path in modules:
        for name in imported(path):
            assert not any(part.startswith("test_") for part in name.split(".")), (path.name, name)
