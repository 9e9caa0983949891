"""Which room may import which: what records knows nothing of what shows."""

from collections.abc import Iterator

import grimp
import pytest

# A room is a module of the package, or a folder and all in it. A new one gets a line here.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": {"recording", "tracer"},
    "apps": {"assets", "checks", "translation"},
    "assets": set(),
    "batches": set(),
    "checks": {"conf", "middleware", "panel"},
    "collector": {
        "frames",
        "instances",
        "kinds",
        "naming",
        "overflow",
        "queries",
        "recording",
        "rows",
        "speedups",
    },
    "conf": {"editors"},
    "editors": set(),
    "connected": {"naming", "recording"},
    "exporters": {"recording"},
    "failures": set(),
    "findings": {"assets", "conf", "intervals", "naming", "places", "recording", "templating", "translation"},
    "frames": {"naming"},
    "handlers": {"naming", "recording"},
    "freezing": {
        "collector",
        "intervals",
        "kinds",
        "listing",
        "naming",
        "overflow",
        "recording",
        "rows",
        "speedups",
    },
    "identity": {"speedups"},
    "instances": set(),
    "intervals": set(),
    "management": {"connected", "handlers", "naming", "recording"},
    "kinds": {"frames", "identity", "naming", "recording", "speedups"},
    "listing": {"connected", "handlers", "kinds", "naming", "recording", "unchanged"},
    "messages": {"translation"},
    "middleware": {"conf", "failures", "naming", "recording", "speedups", "tracer"},
    "naming": set(),
    "page": {
        "failures",
        "findings",
        "messages",
        "recording",
        "sheets",
        "tables",
        "templating",
        "translation",
    },
    "panel": {
        "exporters",
        "failures",
        "findings",
        "middleware",
        "page",
        "recording",
        "sheets",
        "sources",
        "summary",
        "templating",
        "tracer",
        "viewer",
        "translation",
    },
    "overflow": set(),
    "places": {"conf", "editors"},
    "queries": {"naming", "recording", "speedups"},
    "recording": {"batches", "overflow"},
    "rows": {"intervals", "speedups"},
    "scope": {"collector", "freezing", "naming", "recording", "rows", "speedups", "summary"},
    "sheets": {"findings", "recording", "summary", "tables", "templating", "translation"},
    "sources": {"recording", "templating"},
    # Collector for its types alone; and what is compiled is no module to grimp, but the package.
    "speedups": {"__init__", "batches", "collector", "recording"},
    "summary": {"intervals", "recording"},
    "tables": {"recording", "summary"},
    "templating": {"assets", "places", "translation"},
    "translation": set(),
    "tracer": {"collector", "conf", "frames", "kinds", "recording", "rows", "scope", "speedups"},
    "unchanged": {"connected", "naming"},
    "viewer": {"messages", "templating"},
}
# Libraries that one room alone knows.
ONLY_IN = {"debug_toolbar": "panel", "jinja2": "templating"}


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("signal_panel", include_external_packages=True, cache_dir=None)


def room(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def modules(graph: grimp.ImportGraph) -> Iterator[str]:
    return (module for module in graph.modules if module.partition(".")[0] == "signal_panel")


def test_each_room_has_a_line(imports: grimp.ImportGraph) -> None:
    assert {room(module) for module in modules(imports)} == set(MAY_IMPORT)


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(imports: grimp.ImportGraph, name: str) -> None:
    here = {module for module in modules(imports) if room(module) == name}
    imported = {
        room(other)
        for module in here
        for other in imports.find_modules_directly_imported_by(module)
        if other in set(modules(imports)) - here
    }
    assert imported <= MAY_IMPORT[name]


@pytest.mark.parametrize(("library", "name"), ONLY_IN.items())
def test_a_library_is_known_in_one_room(imports: grimp.ImportGraph, library: str, name: str) -> None:
    importers = imports.find_modules_that_directly_import(library)
    assert {room(module) for module in importers} == {name}
