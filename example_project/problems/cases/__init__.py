"""The fifteen problems, a module each: views that have the problem, views that do not, and their receivers.

In each module the code is in sections, which the pages show: "The problem", "The twin", and what both share.
"""

from problems.cases import (
    cascade,
    connected_in_request,
    connected_twice,
    dead_receiver,
    handlers_not_imported,
    init_receiver,
    queries_in_receiver,
    repeated_send,
    sent_twice,
    skipped_receivers,
    slow_in_transaction,
    slow_receiver,
    swallowed_exception,
    thread_hop,
    unheard_send,
)

__all__ = [
    "cascade",
    "connected_in_request",
    "connected_twice",
    "dead_receiver",
    "handlers_not_imported",
    "init_receiver",
    "queries_in_receiver",
    "repeated_send",
    "sent_twice",
    "skipped_receivers",
    "slow_in_transaction",
    "slow_receiver",
    "swallowed_exception",
    "thread_hop",
    "unheard_send",
]
