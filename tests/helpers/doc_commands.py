"""Shell lines of the documentation, held against the programs that they call.

Invariant: nothing is executed. A program that is not known here is a fault, so that no line passes
unread.
"""

import contextlib
import re
import shlex
import tomllib
from pathlib import Path

import click

from streams.cli.main import cleanwire
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

_BETWEEN = {"&&", "||", "|", ";"}
_ASSIGNMENT = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)
_EXTRAS = re.compile(r"(?:\.|cleanwire)\[([a-z,]+)\]")


def faults(text):
    """What is wrong with the lines of a block: one line for each fault."""
    for line in text.replace("\\\n", " ").splitlines():
        for words in _commands(line):
            fault = _fault(words)
            if fault:
                yield f"{' '.join(words)}: {fault}"


def _commands(line):
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = []
    for word in [*lexer, ";"]:
        if word not in _BETWEEN:
            words.append(word)
            continue
        if ">" in words:
            words = words[: words.index(">")]
        if words:
            yield words
        words = []


def _fault(words):
    words = words[1:] if words[0] == "export" else words
    while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
        if assignment[1].startswith(PREFIX) and assignment[1] not in SETTINGS:
            return f"there is no setting {assignment[1]}"
        words = words[1:]
    if not words:
        return None
    program, arguments = words[0].removeprefix(".venv/bin/"), words[1:]
    if program in _CHECKS:
        return _CHECKS[program](arguments)
    if program.startswith("scripts/"):
        return None if (ROOT / program).is_file() else "there is no such script"
    return "this program is not known to the tests; say why it is not run"


def cleanwire_fault(arguments):
    """What is wrong with the arguments of `cleanwire`; None if they would be accepted."""
    try:
        with contextlib.suppress(click.exceptions.Exit):
            group = cleanwire.make_context("cleanwire", list(arguments))
            name, command, rest = cleanwire.resolve_command(
                group, [*group._protected_args, *group.args]
            )
            command.make_context(name, rest, parent=group)
    except click.ClickException as error:
        return error.format_message()
    return None


def _python(arguments):
    if arguments[:1] == ["-m"]:
        return None if arguments[1] in ("venv", "pip", "pytest") else f"no module {arguments[1]}"
    script = ROOT / arguments[0]
    if not script.is_file():
        return "there is no such program"
    # A program's options may be declared in a module beside it, or beside the fault runs.
    folders = (script.parent, ROOT / "tests" / "faultrun", ROOT / "tools" / "training")
    sources = [p.read_text("utf-8") for f in folders if f.is_dir() for p in f.glob("*.py")]
    for option in arguments[1:]:
        if option.startswith("--") and not any(f'"{option}"' in source for source in sources):
            return f"no program has the option {option}"
    return None


def _pip(arguments):
    known = set(PROJECT["optional-dependencies"])
    for argument in arguments:
        found = _EXTRAS.fullmatch(argument)
        if found and not set(found[1].split(",")) <= known:
            return f"there is no such extra as in {argument}"
    return None if arguments[0] == "install" else f"pip {arguments[0]} is not known to the tests"


def _make(arguments):
    text = (ROOT / "Makefile").read_text("utf-8")
    return None if all(f"\n{target}:" in text for target in arguments) else "no such target"


def _activate(arguments):
    return None if arguments == [".venv/bin/activate"] else "only a venv is activated"


_CHECKS = {
    "cleanwire": cleanwire_fault,
    "python": _python,
    "python3": _python,
    "pip": _pip,
    "make": _make,
    ".": _activate,
    "cp": lambda arguments: None if len(arguments) == 2 else "cp takes two names",
}
