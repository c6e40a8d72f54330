"""What no line of the project may do, which module may import which, and that each fault row has its test (G14)."""

import ast
import io
import re
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "genstudio").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

#: Rows of the fault matrix that this version answers for.
ROWS = (
    *("F01", "F02", "F03", "F05", "F07", "F08", "F09", "F10", "F11", "F12", "F13", "F14", "F15", "F20"),
    *("F21", "F22", "F23", "F24", "F25", "F26", "F27", "F28", "F29", "F31", "F32", "F33", "F34"),
    *("F35", "F36", "F37", "F38", "F39", "F47"),
    *("F40", "F41", "F42", "F43", "F44", "F45", "F46", "F48", "F49", "F51", "F52"),
)

UNPICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {
    "eval": "runs text as code",
    "exec": "runs text as code",
    "__import__": "imports by name; the registry does that",
    "torch.load": "unpickles",
    "yaml.load": "makes objects",
    "os.system": "runs a shell",
    "os.popen": "runs a shell",
    "tempfile.mktemp": "is a race",
}
METHODS = {"extractall": "unpacks whatever names an archive has"}
FLAGS = {"shell": "runs a shell", "allow_pickle": "unpickles"}


def dotted(node):
    """ "a.b.c" of names and attributes; "?" stands for anything else, so that f().eval is no eval."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"


def imported(node):
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return {(node.module or "").split(".")[0]}
    return set()


def opens_text_without_encoding(call):
    """True for open, Path.open, read_text and write_text that leave the encoding to the system."""
    name = dotted(call.func).rpartition(".")[2]
    if name not in ("open", "read_text", "write_text"):
        return False
    if any(k.arg == "encoding" or k.arg is None for k in call.keywords):
        return False
    if name == "read_text":
        return not call.args
    if name == "write_text":
        return len(call.args) < 2
    if dotted(call.func) in ("os.open", "Image.open", "webbrowser.open", "gzip.open", "Run.open", "cls.open"):
        modes = [a for a in call.args[1:2] if isinstance(a, ast.Constant)]
        return dotted(call.func) == "gzip.open" and any("t" in str(m.value) for m in modes)
    place = 1 if isinstance(call.func, ast.Name) else 0  # open(path, mode) or path.open(mode)
    modes = [a for a in call.args[place : place + 1] if isinstance(a, ast.Constant)]
    modes += [k.value for k in call.keywords if k.arg == "mode" and isinstance(k.value, ast.Constant)]
    return bool(modes) and "b" not in str(modes[0].value)


def offences(tree):
    """(line, what) of everything that is not allowed."""
    for node in ast.walk(tree):
        for name in imported(node) & UNPICKLERS:
            yield node.lineno, f"imports {name}"
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        if name in CALLS:
            yield node.lineno, f"{name} {CALLS[name]}"
        if name.rpartition(".")[2] in METHODS:
            yield node.lineno, f"{name} {METHODS[name.rpartition('.')[2]]}"
        for keyword in node.keywords:
            if keyword.arg in FLAGS and not (
                isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            ):
                yield node.lineno, f"{keyword.arg} {FLAGS[keyword.arg]}"
        if opens_text_without_encoding(node):
            yield node.lineno, "opens text without an encoding"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_g14_nothing_forbidden_is_done(path):
    found = list(offences(ast.parse(path.read_text(encoding="utf-8"))))
    assert not found, f"{path.relative_to(ROOT)}: {found}"


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from marshal import loads",
        "torch.load(path, weights_only=True)",
        "np.load(f, allow_pickle=True)",
        "np.load(f, allow_pickle=flag)",
        "yaml.load(f)",
        "eval('1')",
        "exec(text)",
        "zipfile.ZipFile(p).extractall(q)",
        "subprocess.run(c, shell=True)",
        "os.system('ls')",
        "open(p, 'w')",
        "path.open('r')",
        "path.open(mode='a')",
        "path.read_text()",
        "path.write_text(x)",
        "gzip.open(p, 'rt')",
    ],
)
def test_g14_what_is_forbidden_is_found(code):
    assert list(offences(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "np.load(f, allow_pickle=False)",
        "open(p, 'rb')",
        "path.open('ab', buffering=0)",
        "path.open('w', encoding='utf-8')",
        "path.read_text(encoding='utf-8')",
        "gzip.open(p, 'rt', encoding='ascii')",
        "model.eval()",
        "copy.deepcopy(model).eval()",
        "Run.open(path)",
        "os.open(p, os.O_RDONLY)",
    ],
)
def test_g14_what_is_allowed_is_let_through(code):
    assert not list(offences(ast.parse(code)))


def test_import_contracts_hold(monkeypatch):
    cli = pytest.importorskip(
        "importlinter.cli", reason="import-linter is not installed (pip install genstudio[dev])"
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    assert cli.lint_imports(no_cache=True, no_logo=True) == 0


def test_qt_is_imported_in_the_window_alone():
    for path in SOURCES:
        if (ROOT / "genstudio" / "app") in path.parents:
            continue
        names = {name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for name in imported(node)}
        assert not names & {"PySide6", "pyqtgraph", "shiboken6"}, path


def covered():
    """Fault rows named by a test: in its name, or in the first line of its file for all of them."""
    rows = set()
    for path in TESTS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        rows |= set(re.findall(r"\bF\d\d\b", ast.get_docstring(tree) or ""))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                rows |= {row.upper() for row in re.findall(r"(?<=_)f\d\d(?=_)", node.name)}
    return rows


def test_g13_each_fault_row_has_a_test_with_its_id():
    assert sorted(set(ROWS) - covered()) == []


def test_g13_each_fault_row_that_the_code_speaks_of_has_a_test():
    spoken = set()
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT or token.string.startswith('"""'):
                spoken |= set(re.findall(r"\bF\d\d\b", token.string))
    assert spoken
    assert sorted(spoken - covered()) == []


def test_python_of_this_run_is_one_that_the_project_supports():
    assert (3, 11) <= sys.version_info < (3, 14)
