"""Translation in a context of our own: else the catalogues of others would answer for the words they know."""

from __future__ import annotations

from functools import partial

from django.utils.translation import npgettext, pgettext, pgettext_lazy

CONTEXT = "signal panel"

gettext = partial(pgettext, CONTEXT)
gettext_lazy = partial(pgettext_lazy, CONTEXT)
ngettext = partial(npgettext, CONTEXT)
