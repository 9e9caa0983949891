"""How numbers and names are written, and that templates escape."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from signal_panel import templating
from signal_panel.tables.spans import SpanRow

# tests/js/format.test.js holds the browser to the same.
SHORT = json.loads(Path(__file__).with_name("short.json").read_text("utf-8"))["names"]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ns"),
        (0.000_4, "400 ns"),
        (0.001, "1.00 µs"),
        (0.012_34, "12.3 µs"),
        (0.999_9, "1.00 ms"),
        (9.994, "9.99 ms"),
        (9.996, "10.0 ms"),
        (48.2, "48.2 ms"),
        (155.4, "155 ms"),
        (999.6, "1.00 s"),
        (1_240, "1.24 s"),
        (59_940, "59.9 s"),
    ],
)
def test_durations_have_three_digits_and_their_unit(milliseconds: float, text: str) -> None:
    assert templating.duration(milliseconds) == text.replace(" ", "\N{NARROW NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (59_950, "1 min"),
        (60_000, "1 min"),
        (75_400, "1 min 15 s"),
        (90_500, "1 min 31 s"),
        (3_600_000, "60 min"),
        (9_000_000.000_001, "150 min"),
    ],
)
def test_from_a_minute_on_they_are_told_in_minutes_and_seconds(milliseconds: float, text: str) -> None:
    words = re.sub("[\N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE}]", " ", templating.duration(milliseconds))
    assert words == text


def test_thousands_are_set_apart() -> None:
    assert templating.thousands(100_000) == "100,000"


@pytest.mark.parametrize("name", SHORT)
def test_the_end_of_a_name_is_enough(name: str) -> None:
    assert templating.short_name(name) == SHORT[name]


def test_a_row_of_a_span_has_its_names_as_the_script_will_write_them() -> None:
    sender, exception = "shop.models.Order.Line", "shop.errors.Card.Declined"
    row = SpanRow(0, "shop.signals.sold", sender, "send", False, None, None, 0, 1, 1, exception)
    text = re.sub(r"<[^>]*>", "", templating.render("rows.html", {"rows": [row]}))
    assert "! Card.Declined" in text
    assert "Order.Line" in text


@pytest.mark.parametrize(
    ("name", "html"),
    [
        ("index_order", "index_<wbr>order"),
        ("Shelf.on_save", "Shelf.<wbr>on_<wbr>save"),
        ("OrderLine", "Order<wbr>Line"),
        ("WSGIHandler", "WSGIHandler"),
        ("__init__", "__<wbr>init__"),
        ("<b>_x", "&lt;b&gt;_<wbr>x"),
        ("", ""),
    ],
)
def test_a_name_may_break_between_its_words(name: str, html: str) -> None:
    assert templating.breakable(name) == html


def test_what_a_template_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        templating.render("panel.html", {})
