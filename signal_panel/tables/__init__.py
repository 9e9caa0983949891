"""Recording → tables: rows of plain values that add up to the recording's totals.

Each table parts the spans into rows, so that none counts twice; ``Table.rest`` tells what is in no row.
"""

from signal_panel.tables.grouping import Figures, Rest, Table, bounded
from signal_panel.tables.receivers import ReceiverRow, receivers
from signal_panel.tables.sends import NodeRow, sends
from signal_panel.tables.signals import SignalRow, SiteRow, signals

__all__ = [
    "Figures",
    "NodeRow",
    "ReceiverRow",
    "Rest",
    "SignalRow",
    "SiteRow",
    "Table",
    "bounded",
    "receivers",
    "sends",
    "signals",
]
