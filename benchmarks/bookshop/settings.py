"""The bookshop's settings, with ours, an empty panel or none, by ``$BOOKSHOP_PANEL``."""

import os

from benchmarks.bookshop import EMPTY, OURS, OURS_WITHOUT_C
from benchmarks.remote import ROOT
from bookshop import settings as bookshop
from bookshop.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.bookshop.urls"
SIGNAL_PANEL = {"MAX_SPANS": 2_000_000}
# One of the receivers of an order fails, and says so at length.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"nowhere": {"class": "logging.NullHandler"}},
    "loggers": {"django.dispatch": {"handlers": ["nowhere"], "propagate": False}},
}

if os.environ["BOOKSHOP_PANEL"] not in (OURS, OURS_WITHOUT_C):
    INSTALLED_APPS = [app for app in bookshop.INSTALLED_APPS if app != "signal_panel"]
    MIDDLEWARE = [name for name in bookshop.MIDDLEWARE if not name.startswith("signal_panel.")]
    DEBUG_TOOLBAR_PANELS = [
        name for name in bookshop.DEBUG_TOOLBAR_PANELS if not name.startswith("signal_panel.")
    ]
if os.environ["BOOKSHOP_PANEL"] == EMPTY:
    INSTALLED_APPS += ["benchmarks.bookshop.empty"]
    MIDDLEWARE = ["benchmarks.bookshop.empty.EmptyMiddleware", *MIDDLEWARE]
    DEBUG_TOOLBAR_PANELS += ["benchmarks.bookshop.empty.EmptyPanel"]
    STATICFILES_DIRS = [ROOT / "static"]
