"""How numbers are written, and that templates escape."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from signal_panel import templating


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
        (75_000, "75.0 s"),
    ],
)
def test_durations_have_three_digits_and_their_unit(milliseconds: float, text: str) -> None:
    assert templating.duration(milliseconds) == text.replace(" ", "\N{NARROW NO-BREAK SPACE}")


def test_thousands_are_set_apart() -> None:
    assert templating.thousands(100_000) == "100,000"


def test_what_a_template_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        templating.render("panel.html", {})
