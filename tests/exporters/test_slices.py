"""Slices: all that was recorded, on tracks where each lies wholly on the one below it."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given

from signal_panel import Recording, record
from signal_panel.exporters.slices import Slice, slices
from tests.exporters.recordings import nested, overlapping, request
from tests.generated import recordings


def laid_out(recording: Recording) -> list[tuple[str, int, int]]:
    return [(each.kind.name.rpartition(".")[2], each.track, each.depth) for each in slices(recording)]


def test_what_is_nested_lies_on_one_track() -> None:
    assert laid_out(nested()) == [
        ("PLACED int", 0, 0),
        ("charge", 0, 1),
        ("PAID str", 0, 2),
        ("notify", 0, 3),
    ]


def test_receivers_that_overlap_get_tracks_of_their_own_with_what_they_send() -> None:
    tracks = defaultdict(set)
    for name, track, _ in laid_out(overlapping()):
        tracks[name].add(track)
    assert [tracks[name] for name in ("PLACED int", "one", "two", "three")] == [{0}, {0}, {1}, {2}]
    assert tracks["PAID str"] == {0, 1, 2}


def test_spans_lie_on_the_request_s_phases_and_queries_on_spans() -> None:
    assert [(each.kind.category, each.kind.name, each.track, each.depth) for each in slices(request())] == [
        ("phase", "middleware", 0, 0),
        ("query", "SELECT * FROM shop_order WHERE id = %s", 0, 1),
        ("phase", "view shop.views.checkout", 0, 0),
        ("send", "post_save Order", 0, 1),
        ("receiver", "shop.receivers.index", 0, 2),
        ("query", "SELECT * FROM shop_order WHERE id = %s", 0, 3),
        ("receiver", "shop.receivers.mail", 1, 0),  # It ends after its send.
        ("query", "SELECT * FROM shop_order WHERE id = %s", 1, 1),
        ("phase", "response", 0, 0),
    ]


def test_a_long_statement_is_named_by_its_beginning() -> None:
    recording = request()
    recording.columns.strings[7] = "SELECT " + "column, " * 100
    [name] = {each.kind.name for each in slices(recording) if each.kind.category == "query"}
    assert len(name) == 100
    assert name.startswith("SELECT column, column, ")
    assert name.endswith("…")


def test_an_empty_recording_has_none() -> None:
    with record() as recording:
        pass
    assert list(slices(recording)) == []


@given(recordings())
def test_whatever_was_recorded_each_lies_wholly_on_the_one_below(recording: Recording) -> None:
    open_on: dict[int, list[Slice]] = defaultdict(list)
    for each in slices(recording):
        stack = open_on[each.track]
        while len(stack) > each.depth:
            assert stack.pop().end <= each.start
        assert len(stack) == each.depth
        if stack:
            assert stack[-1].start <= each.start
            assert each.end <= stack[-1].end
        stack.append(each)


@given(recordings())
def test_whatever_was_recorded_all_of_it_is_there_once(recording: Recording) -> None:
    made = list(slices(recording))
    assert Counter(each.span for each in made if each.kind.category in ("send", "receiver")) == Counter(
        range(len(recording.columns.kind))
    )
    assert sum(each.kind.category == "query" for each in made) == len(recording.queries)
    for each in made:
        if each.span >= 0:
            assert each.start == recording.columns.start[each.span]
            assert each.end == each.start + recording.columns.time[each.span]
