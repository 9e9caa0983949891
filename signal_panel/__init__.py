"""Which signals a request sent, who received them, and what they cost."""

from signal_panel.recording import (
    Connection,
    Handlers,
    Phase,
    Query,
    Receiver,
    ReceiverCall,
    Recording,
    Send,
    Site,
)
from signal_panel.tracer import carry, record

__version__ = "0.1.0"

__all__ = [
    "Connection",
    "Handlers",
    "Phase",
    "Query",
    "Receiver",
    "ReceiverCall",
    "Recording",
    "Send",
    "Site",
    "carry",
    "record",
]
