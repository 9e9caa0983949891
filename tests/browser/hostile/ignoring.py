"""The bookshop's settings, without all of Django's signals: most of its pages send no others."""

from bookshop.settings import *  # noqa: F403

SIGNAL_PANEL = {"IGNORE": ["django.*"]}
