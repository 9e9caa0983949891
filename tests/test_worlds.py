"""The same random world plain and recorded: nothing in it differs, and the recording is what happened."""

from __future__ import annotations

import itertools
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import signal_panel
from signal_panel import rows
from signal_panel.tracer import patching
from tests.worlds import Description, World, descriptions, expected_tree, recorded_tree

# What a receiver gives back that is async, and counts as sync.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'answer_later' was never awaited")
# Few examples, and always the same, unless somebody looks for more: EXAMPLES=5000 pytest tests/test_worlds.py
EXAMPLES = int(os.environ.get("EXAMPLES", "0"))


@pytest.mark.parametrize("dispatcher", ["known", "unknown"])
@settings(
    max_examples=EXAMPLES or 120,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(description=descriptions(), packed_after=st.sampled_from([1, 3, 64]))
def test_nothing_in_a_random_world_can_tell_that_it_is_recorded(
    dispatcher: str, description: Description, packed_after: int
) -> None:
    plain, watched = World(description), World(description)
    plain.run()
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(rows, "PACKED_AFTER", packed_after)
        if dispatcher == "unknown":  # to the recording copies: receivers are wrapped
            patches.setattr(patching.django, "VERSION", (99, 0, 0))
        with signal_panel.record(clock=itertools.count().__next__) as recording:
            watched.run()

    expected, found = plain.observed(), watched.observed()
    if dispatcher == "unknown":  # wrapping adds frames, which moves the place of a warning
        del expected["warnings"], found["warnings"]
    assert found == expected
    assert recorded_tree(watched, recording) == expected_tree(watched)

    assert watched.payloads_alive() == 0
    if plain.deaths_are_certain:
        assert watched.dead_receivers() == plain.dead_receivers()
