"""The core does no I/O: proven by walking what it imports and calls."""

import ast
import subprocess
import sys
from pathlib import Path

import cleanwire

ROOT = Path(cleanwire.__file__).parent

STDLIB = {
    "array", "base64", "binascii", "bisect", "codecs", "collections", "dataclasses", "datetime", "email", "functools", "hashlib",
    "html", "importlib", "io", "ipaddress", "itertools", "json", "operator", "math", "re", "struct", "typing",
    "unicodedata", "urllib", "zlib",
}  # fmt: skip
MACHINE_CODE = {"native.py", "machine_code.py"}
"""What keeps machine code has to touch files, the environment and the clock of the processor."""

OF_MACHINE_CODE = {
    "contextlib", "os", "pathlib", "pickle", "platform", "shutil", "stat", "sys", "threading", "time", "types", "uuid",
}  # fmt: skip
LIBRARIES = {
    "brotli", "fastwarc", "numba", "numpy", "orjson", "publicsuffixlist", "resiliparse", "selectolax", "w3lib", "webencodings",
}  # fmt: skip
SUBMODULES = {
    "email": {"email.utils"},
    "fastwarc": {"fastwarc.stream_io"},
    "importlib": {
        "importlib",
        "importlib.metadata",
        "importlib.resources",
        "importlib.resources.abc",
    },
    "urllib": {"urllib.parse"},
}
IMPURE_CALLS = {
    "open",
    "input",
    "print",
    "exec",
    "eval",
    "now",
    "utcnow",
    "today",
    "urandom",
    "system",
}


def modules():
    return sorted(ROOT.rglob("*.py"))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            yield node.module or ""


def test_the_core_imports_only_pure_modules():
    assert len(modules()) > 15
    for path in modules():
        for name in imported(ast.parse(path.read_text("utf-8"))):
            top = name.partition(".")[0]
            if top == "cleanwire":
                continue
            known = OF_MACHINE_CODE if path.name in MACHINE_CODE else set()
            assert top in STDLIB | LIBRARIES | known, f"{path.name} imports {name}"
            if top in SUBMODULES:
                assert name in SUBMODULES[top], f"{path.name} imports {name}"


def test_the_core_calls_no_clock_no_file_no_randomness():
    for path in modules():
        wrong = IMPURE_CALLS - ({"open"} if path.name in MACHINE_CODE else set())
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                name = getattr(function, "id", getattr(function, "attr", ""))
                assert name not in wrong, f"{path.name}:{node.lineno} calls {name}"


def test_importing_the_core_loads_no_kafka_and_no_event_loop():
    code = (
        "import sys, cleanwire; print([m for m in ('asyncio', 'kafka', 'aiokafka', 'faust', "
        "'aiohttp', 'streams', 'multiprocessing') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
