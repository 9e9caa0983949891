"""System checks for what goes wrong when the panel is set up. Documented in docs/checks.md."""

import inspect
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import NoReverseMatch, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string

from signal_panel import conf

TAG = "signal_panel"
MIDDLEWARE = "signal_panel.middleware.SignalPanelMiddleware"
PANEL = "signal_panel.panel.SignalTimelinePanel"
TOOLBAR = "debug_toolbar.middleware.DebugToolbarMiddleware"
WHITENOISE = "whitenoise.middleware.WhiteNoiseMiddleware"
NO_STATIC = "whitenoise.runserver_nostatic"
SCRIPT = "signal_panel/js/panel.js"


@register(TAG)
def check_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The middleware stands in MIDDLEWARE, once, and before all others."""
    from signal_panel.middleware import SignalPanelMiddleware

    positions = _positions(SignalPanelMiddleware, settings.MIDDLEWARE)
    if not positions:
        return [
            Warning(
                f"{MIDDLEWARE} is missing from MIDDLEWARE.",
                hint=(
                    f"Add '{MIDDLEWARE}' as the first entry of MIDDLEWARE. Without it the "
                    "panel misses the signals sent before and after the toolbar's middleware."
                ),
                id="signal_panel.W001",
            )
        ]
    if len(positions) > 1:
        return [
            Warning(
                f"{MIDDLEWARE} occurs {len(positions)} times in MIDDLEWARE.",
                hint="Keep the first and remove the others.",
                id="signal_panel.W003",
            )
        ]
    if positions != [0]:
        return [
            Warning(
                f"{MIDDLEWARE} is not the first entry of MIDDLEWARE.",
                hint=(
                    f"Move it above '{settings.MIDDLEWARE[0]}'. Requests that an earlier "
                    "middleware answers by itself never reach it and are not recorded."
                ),
                id="signal_panel.W002",
            )
        ]
    return []


@register(TAG)
def check_toolbar(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The toolbar is installed and lists the panel."""
    if not apps.is_installed("debug_toolbar"):
        return [
            Error(
                "'debug_toolbar' is not in INSTALLED_APPS, but the signal panel is a part of it.",
                hint=(
                    "Add 'debug_toolbar' to INSTALLED_APPS. Where the toolbar is left out on "
                    "purpose, as in tests or in production, leave out 'signal_panel' and both "
                    "middlewares, the panels and the toolbar's URLs with it."
                ),
                id="signal_panel.E001",
            )
        ]
    from signal_panel.panel import SignalTimelinePanel

    # Unset means the toolbar's defaults, and the panel is not one of them.
    if not _positions(SignalTimelinePanel, getattr(settings, "DEBUG_TOOLBAR_PANELS", [])):
        return [
            Warning(
                f"{PANEL} is missing from DEBUG_TOOLBAR_PANELS.",
                hint=(
                    "Add it to the toolbar's default panels: DEBUG_TOOLBAR_PANELS = "
                    f"[*PANELS_DEFAULTS, '{PANEL}'], where PANELS_DEFAULTS is imported from "
                    "debug_toolbar.settings."
                ),
                id="signal_panel.W004",
            )
        ]
    return []


@register(TAG)
def check_urls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The toolbar's URLs are there, with DEBUG on: without it debug_toolbar_urls() has none to add."""
    if not (settings.DEBUG and apps.is_installed("debug_toolbar")):
        return []
    try:
        path = reverse("djdt:render_panel")
        if _namespace_at(path) != "djdt":
            return [
                Warning(
                    f"The toolbar's URLs never get their requests: another pattern takes '{path}' before.",
                    hint=(
                        "Put debug_toolbar_urls() before the pattern that matches everything, as those of "
                        "a content management system do: urlpatterns = [*debug_toolbar_urls(), *urlpatterns]."
                    ),
                    id="signal_panel.W006",
                )
            ]
    except NoReverseMatch:
        return [
            Warning(
                "The toolbar's URLs are missing from the project's.",
                hint=(
                    "Add them to ROOT_URLCONF: urlpatterns += debug_toolbar_urls(), which is imported from "
                    "debug_toolbar.toolbar. Without them each page that the toolbar is to show on fails."
                ),
                id="signal_panel.W006",
            )
        ]
    except Exception:
        return []  # Django tells the user about URLs that cannot be imported.
    return []


@register(TAG)
def check_static_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The panel's scripts and styles can be served."""
    if not apps.is_installed("django.contrib.staticfiles"):
        hint = "Add 'django.contrib.staticfiles' to INSTALLED_APPS."
    elif not finders.find(SCRIPT):
        hint = (
            "STATICFILES_FINDERS needs AppDirectoriesFinder or, where the package is not installed "
            "from an archive but from its sources, FileSystemFinder. Both are in Django's default."
        )
    else:
        return []
    return [
        Warning(
            f"No staticfiles finder sees the panel's files, such as '{SCRIPT}'.",
            hint=hint,
            id="signal_panel.W005",
        )
    ]


@register(TAG)
def check_served_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Where a middleware serves files in place of runserver, they do not go through the toolbar."""
    if NO_STATIC not in settings.INSTALLED_APPS or not apps.is_installed("debug_toolbar"):
        return []
    toolbar, served_by = (
        _positions(import_string(path), settings.MIDDLEWARE) for path in (TOOLBAR, WHITENOISE)
    )
    if not (toolbar and served_by and toolbar[0] < served_by[0]):
        return []
    return [
        Warning(
            "WhiteNoise serves the panel's files inside the toolbar, which stores a request for each.",
            hint=(
                f"Move '{settings.MIDDLEWARE[served_by[0]]}' above "
                f"'{settings.MIDDLEWARE[toolbar[0]]}'. Else the page that one looks at is soon no longer "
                "among the requests that the toolbar keeps."
            ),
            id="signal_panel.W007",
        )
    ]


@register(TAG)
def check_setting(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SIGNAL_PANEL holds known keys and values that they take."""
    return [Error(problem.message, hint=problem.hint, id=problem.id) for problem in conf.problems()]


def _namespace_at(path: str) -> str:
    """The namespace of what answers at a path that ``reverse`` gave."""
    return resolve(path.removeprefix((get_script_prefix() or "/").rstrip("/"))).namespace


def _positions(cls: type, paths: Iterable[str]) -> list[int]:
    """Where a list of dotted paths names the class or a subclass of it."""
    return [position for position, path in enumerate(paths) if _is_class(cls, path)]


def _is_class(cls: type, path: str) -> bool:
    try:
        named = import_string(path)
    except Exception:
        # Django and the toolbar tell the user of what leads nowhere or fails. It may fail for what is
        # reported here: the toolbar's middleware does where the toolbar is not installed.
        return False
    return inspect.isclass(named) and issubclass(named, cls)
