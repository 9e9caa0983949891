"""Records sends by standing in for Django's dispatcher: the only place that knows its internals."""

from signal_panel.collector import Tally
from signal_panel.rows import Counts
from signal_panel.scope import Scope
from signal_panel.tracer.contexts import carry
from signal_panel.tracer.scopes import close_scope, open_scope, record

__all__ = ["Counts", "Scope", "Tally", "carry", "close_scope", "open_scope", "record"]
