"""The panel is in one language, whatever others have translated."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext as anybodys

from signal_panel.translation import gettext, gettext_lazy, ngettext

TRANSLATED_BY_OTHERS = ("Signals", "Change", "Time")


@pytest.mark.parametrize("language", ["de", "fr"])
def test_a_word_that_others_have_translated_is_left_alone(language: str) -> None:
    with translation.override(language):
        assert [anybodys(word) for word in TRANSLATED_BY_OTHERS] != [*TRANSLATED_BY_OTHERS]
        assert [gettext(word) for word in TRANSLATED_BY_OTHERS] == [*TRANSLATED_BY_OTHERS]
        assert [gettext_lazy(word) for word in TRANSLATED_BY_OTHERS] == [*TRANSLATED_BY_OTHERS]
        assert [ngettext("%(count)s call", "%(count)s calls", number) for number in (1, 2)] == [
            "%(count)s call",
            "%(count)s calls",
        ]
