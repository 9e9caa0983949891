"""Settings of the bookshop, as a new user of the signal panel would write them."""

import json
import os
from pathlib import Path

from debug_toolbar.settings import PANELS_DEFAULTS

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = "only-for-this-example-never-for-a-real-site"
DEBUG = True
INTERNAL_IPS = ["127.0.0.1", "::1"]

INSTALLED_APPS = [
    "accounts",
    "problems",
    "problems.bookclub",
    "problems.newsletter",
    "shop",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "debug_toolbar",
    "signal_panel",
]

MIDDLEWARE = [
    # First, so that what every other middleware sends is in the recording too.
    "signal_panel.middleware.SignalPanelMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

DEBUG_TOOLBAR_PANELS = [*PANELS_DEFAULTS, "signal_panel.panel.SignalTimelinePanel"]

# The browser tests try other options of the toolbar on the same project: a JSON object.
DEBUG_TOOLBAR_CONFIG = json.loads(os.environ.get("BOOKSHOP_TOOLBAR", "{}"))

ROOT_URLCONF = "bookshop.urls"
WSGI_APPLICATION = "bookshop.wsgi.application"
ASGI_APPLICATION = "bookshop.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "shop.scenes.current_scene",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        # The browser tests keep their data apart from yours.
        "NAME": os.environ.get("BOOKSHOP_DB", BASE_DIR / "db.sqlite3"),
        # A transaction takes the write lock at its start and waits for it there: with SQLite's
        # default, two that read first and write later can fail with "database is locked".
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGIN_URL = "accounts:login"
STATIC_URL = "static/"
USE_TZ = True
TIME_ZONE = "UTC"
