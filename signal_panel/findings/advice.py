"""What to do instead."""

from __future__ import annotations

from signal_panel.findings.loops import DELETE, M2M, SAVE
from signal_panel.translation import gettext as _

DELETED_AT_ONCE, IN_REQUEST, FROM_SYNC = "deleted-at-once", "in-request", "from-sync"
"""Cases of rules, beside the families of signals, that call for advice of their own."""


def advice_on(rule: str, case: str) -> str:
    """What to do instead, in a sentence; the rule's docs page has the rest."""
    return _by_case().get((rule, case)) or advice_by_rule()[rule]


def advice_by_rule() -> dict[str, str]:
    """A sentence for each rule, for all its cases that have none of their own."""
    return {
        "cascade": _("Write what the receiver changes with update(), or before the save in pre_save."),
        "connected-in-request": _("Connect it once, where its module is imported, or disconnect it again."),
        "connected-twice": _("Connect it in one place, under one name, or with a dispatch_uid."),
        "dead-receiver": _("Define the receiver in a module, or connect it with weak=False."),
        "handlers-not-imported": _("Import the module in the ready() of the app's AppConfig."),
        "init-receiver": _("Do the work where it is needed, for instance in a cached property of the model."),
        "queries-in-receiver": _("Fetch all rows with one query before the loop."),
        "repeated-send": _("Send it once, with a list."),
        "sent-twice": _("Save once, after the last change."),
        "skipped-receivers": _("Catch the exception in the receiver, or send with send_robust."),
        "slow-in-transaction": _("Do it when the transaction is over: transaction.on_commit."),
        "slow-receiver": _("Hand the work to a task queue, from transaction.on_commit."),
        "swallowed-exception": _("Mend the receiver; the log has the traceback."),
        "thread-hop": _("Make a receiver that does not block async, or send once for all."),
        "unheard-send": _("Leave the send out, send once for all, or ask has_listeners() before the loop."),
    }


def _by_case() -> dict[tuple[str, str], str]:
    return {
        ("dead-receiver", IN_REQUEST): _("Connect it once, where its module is imported."),
        ("repeated-send", SAVE): _("Save with bulk_create or bulk_update."),
        ("repeated-send", DELETE): _("Delete all with the delete() of their queryset."),
        ("repeated-send", DELETED_AT_ONCE): _("Do what the receivers do once for all, where you delete."),
        ("repeated-send", M2M): _("Change all at once, with add(*all) or set(all)."),
        ("thread-hop", FROM_SYNC): _("Make the receiver sync, or send once for all."),
    }
