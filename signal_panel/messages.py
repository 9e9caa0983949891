"""The words that the panel's scripts need, translated."""

from __future__ import annotations

from django.utils.translation import gettext as _


def messages() -> dict[str, str]:
    """Each by the name that the scripts know it by; ``%(name)s`` places are filled there."""
    return {
        "receiver": _("receiver"),
        "async_receiver": _("async receiver"),
        "loading": _("Loading the timeline…"),
        "gone": _("This request is no longer stored. Reload the page to record it again."),
        "failed": _("The timeline could not be loaded: %(reason)s"),
        "retry": _("Try again"),
        "nothing_selected": _("Choose a bar or a row to see its details."),
        "times": _("%(time)s (self %(self)s)"),
        "raised": _("raised"),
        "called_by": _("called by"),
        "sent_in": _("sent in"),
        "sent_from": _("sent from"),
        "in_function": _("in %(name)s"),
        "sender": _("sender"),
        "busy": _("ran"),
        "busy_times": _("%(busy)s, waited %(waited)s"),
        "hops": _("changing threads"),
        "receivers_called": _("receivers called"),
        "sends_inside": _("sends inside"),
        "more": _("and %(count)s more here: zoom in to see them"),
        "copy": _("Copy %(place)s"),
        "copied": _("copied"),
        "matches": _("%(count)s of %(total)s"),
        "page": _("%(first)s–%(last)s of %(total)s"),  # noqa: RUF001
        "no_match": _("No span matches."),
        "phase_middleware": _("middleware"),
        "phase_view": _("view"),
        "phase_rendering": _("rendering"),
        "phase_response": _("response"),
        "phase_toolbar": _("toolbar"),
        "phase_streaming": _("streaming"),
    }
