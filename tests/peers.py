"""Scenes with other tools that patch Django. Each is run in a process of its own: some never leave."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    from tests import settings

    settings.DEBUG_TOOLBAR_CONFIG["TOOLBAR_STORE_CLASS"] = "debug_toolbar.store.MemoryStore"
    django.setup()

from django.dispatch import Signal
from django.test import Client

import signal_panel
from signal_panel import Recording
from signal_panel.recording import METHODS

DISPATCHER = [*METHODS, "_live_receivers"]
told = Signal()


class Till:
    def ring(self, **kwargs: Any) -> str:
        return "rung"


def hears(**kwargs: Any) -> str:
    return "heard"


till = Till()
told.connect(hears)
told.connect(till.ring)
NAMES = [f"{__name__}.hears", f"{__name__}.Till.ring"]


def standing() -> list[Any]:
    """What stands on ``Signal`` now."""
    return [vars(Signal)[name] for name in DISPATCHER]


def assert_recorded(recording: Recording) -> None:
    for send in recording.sends:
        assert [call.receiver for call in send.calls] == NAMES, send.calls
        assert send.site is not None
        assert send.site.path == __file__, send.site
    assert recording.sends


def ask() -> Recording:
    """A request's recording, by the middleware and the panel."""
    from debug_toolbar.store import get_store

    from tests.stores import newest_stats

    get_store().clear()
    assert Client().get("/template/").status_code == 200
    return Recording.from_json(newest_stats()["recording"])


class Envelopes:
    """What Sentry would send, which goes nowhere."""

    def __init__(self) -> None:
        import sentry_sdk
        from sentry_sdk.integrations.django import DjangoIntegration
        from sentry_sdk.transport import Transport

        seen: list[Any] = []

        class Dropping(Transport):
            def capture_envelope(self, envelope: Any) -> None:
                seen.append(envelope)

        self.seen = seen
        sentry_sdk.init(
            dsn="http://key@localhost/1",
            transport=Dropping,
            traces_sample_rate=1.0,
            integrations=[DjangoIntegration(signals_spans=True)],
        )

    def receivers_of(self, send: Any) -> list[str]:
        """The receivers that Sentry saw of a send."""
        import sentry_sdk

        self.seen.clear()
        with sentry_sdk.start_transaction(name="told"):
            send()
        (transaction,) = [event for e in self.seen if (event := e.get_transaction_event())]
        return [span["description"] for span in transaction["spans"]]


def send() -> Any:
    return told.send(sender=None)


def sentry_before_us() -> None:
    sentry = Envelopes()
    alone = sentry.receivers_of(send)
    assert len(alone) == 2
    before = standing()
    with signal_panel.record() as recording:
        assert sentry.receivers_of(send) == alone
        assert [answer for _, answer in told.send_robust(sender=None)] == ["heard", "rung"]
    assert_recorded(recording)
    assert standing() == before
    assert sentry.receivers_of(send) == alone
    assert [s.signal.rsplit(".")[-1] for s in ask().sends] == ["request_started", "request_finished"]
    assert standing() == before


def sentry_while_we_record() -> None:
    before = standing()
    with signal_panel.record() as recording:
        send()
        sentry = Envelopes()
        assert len(sentry.receivers_of(send)) == 2
    assert len(recording.sends) == 2
    assert_recorded(recording)
    assert standing()[:-1] == before[:-1]
    assert len(sentry.receivers_of(send)) == 2
    with signal_panel.record() as again:
        send()
    assert_recorded(again)


class Traces:
    """What OpenTelemetry would export."""

    def __init__(self) -> None:
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.instrumentor = DjangoInstrumentor()
        self.instrumentor.instrument(tracer_provider=provider)


def opentelemetry_before_us() -> None:
    before = standing()
    traces = Traces()
    assert [s.signal.rsplit(".")[-1] for s in ask().sends] == ["request_started", "request_finished"]
    assert [span.name for span in traces.exporter.get_finished_spans()] == ["GET template/"]
    assert standing() == before
    traces.instrumentor.uninstrument()
    assert ask().sends
    assert standing() == before


def opentelemetry_after_us() -> None:
    before = standing()
    assert ask().sends
    with signal_panel.record() as recording:
        traces = Traces()
        send()
        assert ask().sends
        traces.instrumentor.uninstrument()
        send()
    assert len(traces.exporter.get_finished_spans()) == 1
    assert [len(s.calls) for s in recording.sends if s.site and s.site.path == __file__][::3] == [2, 2]
    assert standing() == before


def kaleidoscope() -> tuple[Any, Any, Any]:
    from kaleidoscope.panels import signals

    tool = types.SimpleNamespace()

    def seen(send: Any) -> int:
        log = signals.SendLog(closed=False, count=0, groups={})
        signals._collecting.set(log)
        send()
        signals._collecting.set(None)
        return log.count

    return (lambda: signals.SignalsPanel.install(tool), lambda: signals.SignalsPanel.uninstall(tool), seen)


def kaleidoscope_before_us() -> None:
    before = standing()
    install, uninstall, seen = kaleidoscope()
    install()
    theirs = standing()
    with signal_panel.record() as recording:
        assert seen(send) == 1
    assert_recorded(recording)
    assert standing() == theirs
    uninstall()
    assert standing() == before


def kaleidoscope_comes_and_goes_while_we_record() -> None:
    before = standing()
    install, uninstall, seen = kaleidoscope()
    with signal_panel.record() as recording:
        install()
        assert seen(send) == 1
        uninstall()
        send()
    assert len(recording.sends) == 2
    assert_recorded(recording)
    assert standing() == before


def kaleidoscope_comes_while_we_record_and_stays() -> None:
    before = standing()
    install, uninstall, seen = kaleidoscope()
    with signal_panel.record():
        install()
    assert seen(send) == 1  # through ours, which is inert
    with signal_panel.record() as recording:
        assert seen(send) == 1
    assert len(recording.sends) == 1
    assert_recorded(recording)
    uninstall()
    with signal_panel.record() as recording:
        send()
    assert_recorded(recording)
    assert standing() == before


if __name__ == "__main__":
    globals()[sys.argv[1]]()
