"""Compiled loops: numba turns a function into machine code where Python is the bottleneck.

Invariant: a compiled function gives, bit for bit, what the same function gives as plain Python. So
such a function has only operations that IEEE 754 rounds in one way, in an order that is written
down. A test calls every one of them both ways.

A process starts with plain Python, and does not even import numba: to clean one page takes less
than to load machine code. Once the loops have taken `LOAD_AFTER` seconds, machine code that is kept
(`machine_code` says where) is loaded. Once they have taken `COMPILE_AFTER` seconds, what is not
kept is compiled, and kept. `require` does both at once, for a process that is going to run long.
"""

import functools
import os
import pickle
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

from cleanwire import machine_code

Function = TypeVar("Function", bound=Callable[..., Any])

LOAD_AFTER = 0.4
"""Seconds of CPU in plain loops; about what loading takes."""

COMPILE_AFTER = 8.0
"""Seconds of CPU in plain loops; about half of what compiling takes. Some twenty pages."""

_PACKAGE = __name__.partition(".")[0] + "."
_OFF = frozenset({"", "0"})


class _Loop:
    """A function that is plain at first.

    Attributes:
        function: the function as it is written.
        signature: in numba's notation; None for a function that is compiled into its callers.
        shown: what its module holds.
        made: what numba made of it; None while it is plain.
    """

    __slots__ = ("function", "made", "shown", "signature")

    def __init__(self, function: FunctionType, signature: str | None) -> None:
        self.function = function
        self.signature = signature
        self.shown: Callable[..., Any] = function
        self.made: Any = None

    @property
    def file_name(self) -> str | None:
        """The name of the file that its machine code is kept in.

        None for one that is compiled into its callers, and for one of another package: the name of
        the folder says nothing of its source.
        """
        if self.signature is None or not self.function.__module__.startswith(_PACKAGE):
            return None
        return f"{self.function.__module__}.{self.function.__qualname__}{machine_code.SUFFIX}"


class _Run(threading.local):
    """What a thread does: whether it is in a plain loop."""

    inside = False


class _State:
    """What this process runs.

    Attributes:
        is_native: whether functions are machine code.
        stays_plain: whether they are never to be, as in a process that lives for one page.
        spent: seconds of CPU in plain loops.
        look_at: seconds of CPU in plain loops at which to look again for kept machine code.
        tell: called with what people should know, and how grave it is.
    """

    def __init__(self) -> None:
        self.is_native = False
        self.stays_plain = os.environ.get("NUMBA_DISABLE_JIT", "") not in _OFF
        self.spent = 0.0
        self.look_at = LOAD_AFTER
        self.tell: Callable[[str, str], None] = _silent


def _silent(line: str, level: str) -> None:
    """Say nothing, as becomes a library."""


_loops: list[_Loop] = []
_run = _Run()
_state = _State()
_turn = threading.RLock()


def compiled(signature: str) -> Callable[[Function], Function]:
    """Mark a function as one to compile, for one signature in numba's notation.

    The compiled function runs without the interpreter's lock, so that a long run stops no
    heartbeat. It may call other functions that are compiled or inlined, by their global names.
    Tables of a model are arguments: what is global is frozen into the machine code.
    """

    def decorate(function: Function) -> Function:
        loop = _Loop(cast("FunctionType", function), signature)
        loop.shown = _counted(loop)
        return cast("Function", _registered(loop))

    return decorate


def inlined(function: Function) -> Function:
    """Mark a small function that is compiled into every compiled function that calls it."""
    return cast("Function", _registered(_Loop(cast("FunctionType", function), None)))


def require() -> None:
    """Run machine code from now on: load what is kept, compile and keep the rest.

    Call it where this process does nothing else at the time: it may take half a minute.

    Raises:
        Exception: of any kind, where numba can make no machine code.
    """
    with _turn:
        if _state.is_native or _state.stays_plain:
            return
        # Functions of modules that are imported later are compiled when they are defined.
        _state.is_native = True
        for line in machine_code.place().refused:
            _state.tell(line, "warning")
        for loop in _loops:
            _make(loop)


def get() -> None:
    """Run machine code from now on, as `require` does, or stay plain where there can be none.

    A system may let no memory be executable that was written to.
    """
    try:
        require()
    except Exception as error:  # noqa: BLE001 - plain loops give the same
        _state.stays_plain = True
        _state.tell(f"no machine code can be made here: {error}; loops stay slow", "warning")


def stay_plain() -> None:
    """Keep to plain Python, or to the machine code there is: this process lives for one page."""
    _state.stays_plain = True


def is_native() -> bool:
    """Whether functions are machine code, or never will be."""
    return _state.is_native or _state.stays_plain


def is_kept() -> bool:
    """Whether the machine code of every function that is imported is kept."""
    folder = machine_code.place().folder
    return folder is not None and all(
        os.path.exists(folder / loop.file_name)  # noqa: PTH110 - it never raises
        for loop in _loops
        if loop.file_name is not None
    )


def spent() -> float:
    """Seconds of CPU that plain loops took in this process, and that `spend` added."""
    return _state.spent


def spend(seconds: float) -> None:
    """Count what plain loops took in another process for this one; get machine code if it is time.

    Args:
        seconds: of CPU.
    """
    _state.spent += seconds
    _consider()


def announce(tell: Callable[[str, str], None]) -> None:
    """Set what is called with a line and its level: before this process compiles, for example."""
    _state.tell = tell


def _registered(loop: _Loop) -> Callable[..., Any]:
    with _turn:
        _loops.append(loop)
        if _state.is_native:
            _make(loop)
    return loop.shown


def _counted(loop: _Loop) -> Callable[..., Any]:
    """A function that counts what it takes, and passes over to machine code when it is time.

    Machine integers wrap around, of which numpy would warn.
    """
    from numpy import errstate  # noqa: PLC0415 - the module of the function has imported it

    function = loop.function

    @functools.wraps(function)
    def shown(*arguments: Any) -> Any:  # noqa: ANN401 - as its function
        if _run.inside:
            # What began plain ends plain: numbers are of other types in compiled functions.
            return function(*arguments)
        if loop.made is None and _state.spent >= _state.look_at:
            _consider()
        if loop.made is not None:
            return loop.made(*arguments)
        _run.inside = True
        began = time.thread_time()
        try:
            with errstate(over="ignore"):
                return _unboxed(function(*arguments))
        finally:
            _run.inside = False
            _state.spent += time.thread_time() - began

    # As numba calls it.
    shown.py_func = function  # type: ignore[attr-defined] # functions have attributes of any name
    return shown


def _unboxed(value: Any) -> Any:  # noqa: ANN401 - what a function returns
    """What a function returns, with Python's numbers for numpy's, as compiled functions do it."""
    if isinstance(value, tuple):
        return tuple(map(_unboxed, value))
    # Arrays have dimensions, numpy's numbers have none, and Python's have no such attribute.
    return value.item() if getattr(value, "ndim", None) == 0 else value


def _consider() -> None:
    """Get machine code, if plain loops have taken as long as that takes."""
    if is_native() or _state.spent < _state.look_at:
        return
    _state.look_at = _state.spent + LOAD_AFTER
    if _state.spent >= COMPILE_AFTER or is_kept():
        get()


def _make(loop: _Loop) -> None:
    """Make machine code of a function: load it, or compile and keep it."""
    import numba  # noqa: PLC0415 - it takes a moment, and plain loops need none of it

    # A function like it, that sees compiled functions where the plain one sees plain ones.
    made = {id(each.shown): each.made for each in _loops if each.made is not None}
    names = {name: made.get(id(value), value) for name, value in loop.function.__globals__.items()}
    function = functools.wraps(loop.function)(FunctionType(loop.function.__code__, names))
    if loop.signature is None:
        loop.made = numba.njit(inline="always")(function)
        return
    dispatcher: Any = numba.njit(nogil=True)(function)
    folder = machine_code.place().folder
    file = folder / loop.file_name if folder is not None and loop.file_name is not None else None
    dispatcher._cache = _kept(file)  # noqa: SLF001 - numba offers no other way to choose the folder alone
    dispatcher.compile(loop.signature)
    dispatcher.disable_compile()
    loop.made = dispatcher


def _compiles(folder: Path | None) -> None:
    """Say once that this process compiles."""
    kept = "nothing can be kept" if folder is None else f"kept in {folder.parent}"
    _state.tell(f"compiling the loops for this processor, for half a minute; {kept}", "info")
    _state.tell = _silent


def _kept(file: Path | None) -> object:
    """What numba asks for the machine code of a function before it compiles, and gives it after.

    Args:
        file: where it is kept; None if it is not.
    """
    from numba.core.caching import _Cache  # noqa: PLC0415 - as in `_make`
    from numba.core.compiler import CompileResult  # noqa: PLC0415 - as in `_make`
    from numba.core.serialize import dumps  # noqa: PLC0415 - as in `_make`

    result: Any = CompileResult
    serialized: Any = dumps

    class Kept(_Cache):
        cache_path = None if file is None else str(file.parent)

        def load_overload(self, sig: object, target_context: Any) -> object:  # noqa: ANN401 - numba's
            target_context.refresh()
            data = None if file is None else machine_code.read(file)
            if data is not None:
                # The folder is this user's alone, and the content has its checksum.
                given, made = pickle.loads(data)  # noqa: S301 - as said
                if given == (sig, target_context.codegen().magic_tuple()):
                    return result._rebuild(target_context, *pickle.loads(made))  # noqa: S301, SLF001 - as said; as numba does
            _compiles(None if file is None else file.parent)
            return None

        def save_overload(self, sig: object, data: Any) -> None:  # noqa: ANN401 - numba's
            if file is not None and not data.library.has_dynamic_globals:
                given = (sig, data.codegen.magic_tuple())
                made = serialized(data._reduce())  # noqa: SLF001 - as numba does
                machine_code.write(file, pickle.dumps((given, made)))

        def enable(self) -> None: ...

        def disable(self) -> None: ...

        def flush(self) -> None: ...

    return Kept()
