"""The documentation: its links lead somewhere, and its code runs."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.dispatch import Signal

import signal_panel

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S))
]

order_saved = Signal()


class Order:
    """Stands for the readers' own model."""

    def save(self) -> None:
        order_saved.send(Order)


def index_order(sender: object, **kwargs: object) -> None:
    pass


@pytest.fixture
def names() -> Any:
    """What the examples find in place: an order whose saving is received."""
    order_saved.connect(index_order)
    yield {"order": Order(), "signal_panel": signal_panel}
    order_saved.disconnect(index_order)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub turns them into anchors."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("block", BLOCKS)
def test_code_is_python(block: str) -> None:
    ast.parse(block)


def test_the_readme_s_recording(names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    exec(block_of("README.md", "print(send.signal"), names)
    sent, received = capsys.readouterr().out.splitlines()
    assert sent.startswith(f"{__name__}.order_saved {__name__}.Order Site(path={__file__!r}")
    assert re.fullmatch(rf"    +{re.escape(__name__)}\.index_order [\d.]+ ms *", received)


def test_the_recording_kept_as_json(names: dict[str, Any]) -> None:
    exec(block_of("docs/recording.md", "with signal_panel.record()"), names)
    exec(block_of("docs/recording.md", "to_json"), names)


def test_the_recording_in_a_test(names: dict[str, Any]) -> None:
    block = block_of("docs/recording.md", "def test_").replace("shop.receivers", __name__)
    exec(block, names)
    names["test_saving_an_order_indexes_it_once"](names["order"])


def block_of(page: str, text: str) -> str:
    """The first block of a page that holds the text."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
    return str(next(block for block in blocks if text in block))


def test_the_commands_named_in_the_docs_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|\$ )make (?:\w+=\S* )*(\w+)", page.read_text())
    }
    assert {"test", "example"} <= named
    assert named <= set(re.findall(r"^(\w+):", makefile, re.M))
