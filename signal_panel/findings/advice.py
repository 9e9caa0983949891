"""What to do instead."""

from __future__ import annotations

from signal_panel.translation import gettext as _


def advice_by_rule() -> dict[str, str]:
    """A sentence for each rule; its docs page has the rest."""
    return {
        "cascade": _("Write what the receiver changes with update(), or before the save in pre_save."),
        "connected-in-request": _("Connect it once, where its module is imported, or disconnect it again."),
        "connected-twice": _("Connect it in one place, under one name, or with a dispatch_uid."),
        "dead-receiver": _("Define the receiver in a module, or connect it with weak=False."),
        "handlers-not-imported": _("Import the module in the ready() of the app's AppConfig."),
        "init-receiver": _("Do the work where it is needed, for instance in a cached property of the model."),
        "queries-in-receiver": _("Fetch all rows with one query before the loop."),
        "repeated-send": _("Save with bulk_create or bulk_update; send a signal of yours once, with a list."),
        "sent-twice": _("Save once, after the last change."),
        "skipped-receivers": _("Catch the exception in the receiver, or send with send_robust."),
        "slow-in-transaction": _("Do it when the transaction is over: transaction.on_commit."),
        "slow-receiver": _("Hand the work to a task queue, from transaction.on_commit."),
        "swallowed-exception": _("Mend the receiver; the log has the traceback."),
        "thread-hop": _("Send with asend to async receivers and with send to sync ones."),
        "unheard-send": _("Leave the send out, send once for all, or ask has_listeners() before the loop."),
    }
