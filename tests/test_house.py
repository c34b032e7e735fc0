"""The rules of the house: who may import whom, what `import minideep` costs, and how long a file may grow."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import minideep

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path.relative_to(ROOT)
    for package in ("minideep", "gradcheck")
    for path in (ROOT / package).rglob("*.py")
    if "__pycache__" not in path.parts
)
every_file = pytest.mark.parametrize("file", FILES, ids=str)
every_file_of_the_library = pytest.mark.parametrize("file", [f for f in FILES if f.parts[0] == "minideep"], ids=str)

# The rooms by floor, from the ground up. A room imports only from floors below, and from its own files.
FLOORS = [
    {"backend"},
    {"sums", "places", "parallel", "cuda", "files", "tables"},
    {"autograd"},
    {"tensor"},
    {"ops"},
    {"nn", "data", "transforms", "saving", "interop"},
    {"optim"},  # an average of weights is a Module
    {"models"},
    {"training", "learning", "viz", "distributed", "amp"},
    {"cli", "classroom"},
]
ROOM_OF = {"construction": "tensor", "protocols": "tensor", "printing": "tensor"}
BANNED = {"cupy", "torch", "matplotlib", "tqdm"}


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse((ROOT / file).read_text())


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """The line and the full name of every module a file imports, wherever in the file it does so."""
    package = list(file.parts[:-1])
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module
            if module == "minideep" or (ROOT / Path(*module.split("."))).is_dir():
                for alias in node.names:
                    yield node.lineno, f"{module}.{alias.name}"


def room_of(module: str) -> str:
    """The room of a module of ours: 'autograd' for minideep.autograd.graph; '' for anything else."""
    parts = module.split(".")
    if parts[0] != "minideep" or len(parts) == 1:
        return ""
    return ROOM_OF.get(parts[1], parts[1])


def floor_of(room: str) -> int:
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms), -1)


@every_file_of_the_library
def test_imports_lead_downwards(file) -> None:
    room = room_of(".".join(file.with_suffix("").parts))
    if room == "__init__":
        return  # the front door leads to every floor
    assert floor_of(room) >= 0, f"{file}: on no floor; add '{room}' to FLOORS"
    others = [(line, module, room_of(module)) for line, module in imports(file)]
    wrong = [
        f"{file}:{line} imports {module}"
        for line, module, other in others
        if other != room and floor_of(other) >= floor_of(room)
    ]
    assert not wrong


def test_the_rule_of_floors_sees_what_it_should() -> None:
    found = [name for _, name in imports(Path("minideep/ops/elementwise.py"))]
    assert "minideep.autograd" in found
    assert floor_of("autograd") < floor_of("tensor") < floor_of("ops") < floor_of("nn")


@every_file
def test_only_the_backend_knows_cupy(file) -> None:
    """And nothing of ours needs PyTorch, or what the lessons alone need."""
    strings = [n.value for n in ast.walk(parsed(file)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    names = {name.split(".")[0] for name in [*strings, *(module for _, module in imports(file))]}
    allowed = {"cupy"} if file == Path("minideep/backend.py") else set()
    allowed |= {"torch", "tqdm"} if file.parts[0] == "gradcheck" else set()
    allowed |= {"tqdm"} if file.name in ("download.py", "progress.py") else set()  # where progress is shown
    allowed |= {"matplotlib"} if "viz" in file.parts else set()  # draws with it, once it is asked to
    allowed |= {"torch"} if file.name == "torch_names.py" else set()  # the names in PyTorch's files
    assert not names & BANNED - allowed


# ---------------------------------------------------------------------------------------------- import minideep


def fresh(code: str, bytecode: Path | None = None) -> str:
    """What a new Python prints, which may keep its bytecode in a folder (as users' do beside the files)."""
    environment = dict(os.environ)
    if bytecode:
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment).stdout.strip()


def test_import_loads_nothing_heavy() -> None:
    loaded = fresh("import sys, minideep; print(' '.join(sys.modules))").split()
    heavy = """matplotlib cupy torch tqdm scipy.special scipy.signal scipy.ndimage scipy.linalg scipy.stats scipy.sparse
        hypothesis pytest gradcheck mpi4py minideep.nn minideep.optim minideep.data minideep.transforms minideep.models
        """.split()
    assert not [name for name in heavy if name in loaded]
    assert "numpy" in loaded


def test_rooms_open_when_they_are_asked_for() -> None:
    code = "import minideep; print(minideep.nn.Linear, 'optim' in dir(minideep), minideep.optim.SGD)"
    assert fresh(code).split()[2] == "True"
    with pytest.raises(AttributeError, match=r"^minideep: module 'minideep' has no attribute 'nope'"):
        minideep.nope  # noqa: B018


def test_every_room_is_reached_from_the_front_door() -> None:
    rooms = [folder.parent.name for folder in (ROOT / "minideep").glob("*/__init__.py")]
    code = f"import minideep; print([room for room in {rooms} if not hasattr(minideep, room)])"
    assert fresh(code) == "[]"
    assert set(rooms) <= set(dir(minideep))


def test_import_is_quick(tmp_path) -> None:
    """Under 0.3 s, NumPy included: of the processor's own time, as others may keep it busy, at the best of several."""
    code = "import time; start = time.process_time(); import minideep; print(time.process_time() - start)"
    assert min(float(fresh(code, tmp_path)) for _ in range(6)) < 0.3


# ---------------------------------------------------------------------------------------------- size and style


@every_file
def test_no_file_holds_two_ideas(file) -> None:
    assert len((ROOT / file).read_text().splitlines()) <= 350


@every_file
def test_no_function_is_long(file) -> None:
    functions = [n for n in ast.walk(parsed(file)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [f"{file}:{f.lineno} {f.name}" for f in functions if f.end_lineno - f.lineno >= 60]
    assert not long


@every_file
def test_nothing_is_left_to_do(file) -> None:
    text = (ROOT / file).read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)
    assert not re.search(r"^\s*#\s*[=*#]{4,}", text, re.MULTILINE), "a banner"
    assert text.isascii() or not re.search("[\U0001f300-\U0001faff\u2600-\u26ff\u2705\u2728\u274c]", text), "an emoji"


@every_file_of_the_library
def test_errors_begin_with_a_name(file) -> None:
    """`conv2d: weight … wants …`: a message begins with what raises it, or with a place where that is filled in."""
    named = re.compile(r"\{|[\w.]+( '\w+')?([:(]|$)")
    messages = [(node.lineno, first_words(node)) for node in ast.walk(parsed(file)) if isinstance(node, ast.Raise)]
    nameless = [f"{file}:{line} {text!r}" for line, text in messages if text is not None and not named.match(text)]
    assert not nameless


def first_words(node: ast.Raise) -> str | None:
    """How the message of a raise begins; '{' stands for what is filled in. None if it is made elsewhere."""
    call = node.exc
    if not (isinstance(call, ast.Call) and call.args):
        return None
    message = call.args[0]
    if isinstance(message, ast.JoinedStr):
        message = message.values[0]
        if isinstance(message, ast.FormattedValue):
            return "{"
    return message.value if isinstance(message, ast.Constant) and isinstance(message.value, str) else None


@every_file
def test_every_file_says_what_it_is(file) -> None:
    assert ast.get_docstring(parsed(file)), f"{file} has no docstring"
