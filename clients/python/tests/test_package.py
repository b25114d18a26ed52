"""The package as such: what it may lean on, and what it promises."""

import ast
import pathlib
import sysconfig
import unittest
from importlib.util import find_spec

import semp_sdk

SOURCES = sorted(pathlib.Path(semp_sdk.__file__).parent.glob("*.py"))


def modules_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


def outside_checkers(tree):
    """The tree without what only type checkers read."""
    for node in ast.walk(tree):
        if hasattr(node, "body") and isinstance(node.body, list):
            node.body = [item for item in node.body if not is_for_checkers(item)]
    return tree


def is_for_checkers(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


class Package(unittest.TestCase):
    def test_needs_nothing_but_the_standard_library(self):
        standard = sysconfig.get_path("stdlib")
        for source in SOURCES:
            for module in modules_of(outside_checkers(ast.parse(source.read_text()))):
                origin = find_spec(module).origin or "built-in"
                inside = origin in ("built-in", "frozen") or (
                    origin.startswith(standard) and "site-packages" not in origin
                )
                self.assertTrue(inside, f"{source.name} imports {module} from {origin}")

    def test_is_written_in_python_3_9(self):
        for source in SOURCES:
            ast.parse(source.read_text(), source.name, feature_version=(3, 9))

    def test_types_every_function(self):
        for source in SOURCES:
            for node in ast.walk(ast.parse(source.read_text())):
                if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    continue
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                arguments += [item for item in (node.args.vararg, node.args.kwarg) if item]
                bare = [item.arg for item in arguments if item.annotation is None and item.arg not in ("self", "cls")]
                self.assertEqual((bare, node.returns is None), ([], False), f"{source.name}: {node.name}")

    def test_tells_checkers_so(self):
        self.assertTrue((SOURCES[0].parent / "py.typed").exists())

    def test_documents_everything_public(self):
        for source in SOURCES:
            tree = ast.parse(source.read_text())
            self.assertTrue(ast.get_docstring(tree), source.name)
        for owner in (semp_sdk.SEMPClient, semp_sdk.SEMPError):
            for name in dir(owner):
                if not name.startswith("_") and callable(getattr(owner, name)) and name != "with_traceback":
                    self.assertTrue(getattr(owner, name).__doc__, name)
