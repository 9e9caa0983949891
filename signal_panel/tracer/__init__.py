"""Records sends by standing in for Django's dispatcher: the only place that knows its internals."""

from signal_panel.collector import Scope
from signal_panel.tracer.scopes import close_scope, open_scope, record

__all__ = ["Scope", "close_scope", "open_scope", "record"]
