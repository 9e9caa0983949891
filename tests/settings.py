"""A small project with the toolbar and the panel, as a user would set it up."""

from debug_toolbar.settings import PANELS_DEFAULTS

SECRET_KEY = "tests"
DEBUG = True
INTERNAL_IPS = ["127.0.0.1"]
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
STATIC_URL = "static/"
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "debug_toolbar",
    "signal_panel",
    "tests.shop",
]
MIDDLEWARE = [
    "signal_panel.middleware.SignalPanelMiddleware",
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DEBUG_TOOLBAR_PANELS = [*PANELS_DEFAULTS, "signal_panel.panel.SignalTimelinePanel"]
# The toolbar refuses to run in tests; these are about it running.
DEBUG_TOOLBAR_CONFIG = {
    "IS_RUNNING_TESTS": False,
    "SHOW_TOOLBAR_CALLBACK": "tests.shop.show_toolbar",
    "TOOLBAR_STORE_CLASS": "debug_toolbar.store.DatabaseStore",
}
