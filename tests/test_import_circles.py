"""No package has an import circle: of what lies in one, each imports those below it."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = ("slipway", "infra", "rehearsal", "pipeline_steps")


@pytest.fixture(scope="module")
def imports() -> Mapping[str, set[str]]:
    """What each module imports: at its head, in functions, and for type checkers alone."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circle(imports: Mapping[str, set[str]], package: str) -> list[str]:
    """Modules and packages directly in `package` that import each other in turn; empty where there are none."""
    inside = f"{package}."
    graph: dict[str, set[str]] = {}
    for module, imported in imports.items():
        if module.startswith(inside):
            child = module.removeprefix(inside).partition(".")[0]
            others = {name.removeprefix(inside).partition(".")[0] for name in imported if name.startswith(inside)}
            graph.setdefault(child, set()).update(others - {child})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        return list(found.args[1])
    return []


@pytest.mark.parametrize("root", PACKAGES)
def test_no_package_has_an_import_circle(root: str, imports: Mapping[str, set[str]]) -> None:
    packages = {module.rpartition(".")[0] for module in imports if module.startswith(f"{root}.")}
    assert root in packages
    assert {package: found for package in packages if (found := circle(imports, package))} == {}


def test_no_package_imports_itself_from_inside(imports: Mapping[str, set[str]]) -> None:
    """The `__init__` of a package imports its modules: one that imports from there may find it half made."""
    assert [
        f"{module} imports {package}"
        for module, imported in imports.items()
        for package in imported
        if module.startswith(f"{package}.") and any(name.startswith(f"{package}.") for name in imports[package])
    ] == []
