"""Names as a sentence can hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from signal_panel.templating import short_name
from signal_panel.translation import gettext as _

NAMES_IN_A_CLAIM = 3


def some(names: Iterable[str]) -> str:
    """Distinct names in short; of many, the first and how many more there are."""
    return some_of(map(short_name, names))


def some_of(texts: Iterable[str]) -> str:
    """Distinct texts; of many, the first and how many more there are."""
    distinct = list(dict.fromkeys(texts))
    if len(distinct) > NAMES_IN_A_CLAIM:
        more = len(distinct) - NAMES_IN_A_CLAIM + 1
        distinct[NAMES_IN_A_CLAIM - 1 :] = [_("%(count)s more") % {"count": more}]
    if len(distinct) < 2:
        return "".join(distinct)
    return _("%(names)s and %(last)s") % {"names": ", ".join(distinct[:-1]), "last": distinct[-1]}


_STATEMENT = re.compile(r"\s*(\w+)\b.*?\b(FROM|INTO|UPDATE)\s+[\"`\[]?([^\s\"`\]]+)", re.I | re.S)
_UPDATE = re.compile(r"\s*(UPDATE)\s+[\"`\[]?([^\s\"`\]]+)", re.I)


def statement(sql: str) -> str:
    """An SQL text in short: ``SELECT … FROM shop_book``."""
    if match := _UPDATE.match(sql):
        return f"UPDATE {match[2]}"
    if match := _STATEMENT.match(sql):
        return f"{match[1].upper()} … {match[2].upper()} {match[3]}"
    return sql.split(maxsplit=1)[0] if sql.strip() else sql
