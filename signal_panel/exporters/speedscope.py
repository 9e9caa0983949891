"""speedscope's own file format, a profile for each track: https://www.speedscope.app/file-format-schema.json."""

from __future__ import annotations

import json
from typing import Any

from signal_panel.exporters.slices import slices, track_name
from signal_panel.recording import Recording

_Frame = tuple[str, str | None, int | None]


def export(recording: Recording) -> str:
    """The recording as evented profiles, in nanoseconds."""
    frames: dict[_Frame, int] = {}
    profiles = [_Profile()]
    for kind, _, start, end, track, depth in slices(recording):
        if track == len(profiles):
            profiles.append(_Profile())
        frame = frames.setdefault((kind.name, kind.path, kind.line), len(frames))
        profiles[track].open(frame, start, end, depth)
    for profile in profiles:
        profile.close(depth=0)
    last = max(recording.duration_ns, *(profile.end for profile in profiles))
    return json.dumps(
        {
            "$schema": "https://www.speedscope.app/file-format-schema.json",
            "exporter": "django-signal-panel",
            "name": "Django signals",
            "activeProfileIndex": 0,
            "shared": {"frames": [_described(frame) for frame in frames]},
            "profiles": [
                profile.as_json(track_name(track, recording.columns), last)
                for track, profile in enumerate(profiles)
            ],
        },
        separators=(",", ":"),
    )


class _Profile:
    """The events of one track, and which of its slices are open."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._open: list[tuple[int, int]] = []
        self.end = 0

    def open(self, frame: int, start: int, end: int, depth: int) -> None:
        self.close(depth)
        self._open.append((frame, end))
        self._events.append({"type": "O", "frame": frame, "at": start})

    def close(self, depth: int) -> None:
        """Close what lies so deep or deeper."""
        while len(self._open) > depth:
            frame, self.end = self._open.pop()
            self._events.append({"type": "C", "frame": frame, "at": self.end})

    def as_json(self, name: str, last: int) -> dict[str, Any]:
        return {
            "type": "evented",
            "name": name,
            "unit": "nanoseconds",
            "startValue": 0,
            "endValue": last,
            "events": self._events,
        }


def _described(frame: _Frame) -> dict[str, Any]:
    name, path, line = frame
    return {"name": name} if path is None else {"name": name, "file": path, "line": line}
