"""Recording → tables: rows of plain values that add up to the recording's totals.

Each table parts the spans into rows, so that none counts twice; ``Table.rest`` tells what is in no row.
"""

from signal_panel.tables.across import Across, Compared, ReceiverAcross, SignalAcross, across, compared
from signal_panel.tables.connected import ConnectedRow, connected
from signal_panel.tables.grouping import Figures, Rest, Table, bounded
from signal_panel.tables.receivers import ReceiverRow, receivers
from signal_panel.tables.sends import NodeRow, sends
from signal_panel.tables.signals import SignalRow, SiteRow, signals
from signal_panel.tables.spans import SpanRow, spans

__all__ = [
    "Across",
    "Compared",
    "ConnectedRow",
    "Figures",
    "NodeRow",
    "ReceiverAcross",
    "ReceiverRow",
    "Rest",
    "SignalAcross",
    "SignalRow",
    "SiteRow",
    "SpanRow",
    "Table",
    "across",
    "bounded",
    "compared",
    "connected",
    "receivers",
    "sends",
    "signals",
    "spans",
]
