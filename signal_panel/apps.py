"""What happens when Django starts with the package installed."""

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.contrib.staticfiles.finders import get_finder

from signal_panel import assets
from signal_panel.translation import gettext_lazy as _


class SignalPanelConfig(AppConfig):
    """Registers the system checks and sees to it that the static files are found."""

    name = "signal_panel"
    verbose_name = _("Signal panel")

    def ready(self) -> None:
        """Django calls this once the apps are loaded; calling it again changes nothing."""
        from signal_panel import checks  # noqa: F401

        if not assets.STATIC.is_relative_to(assets.PACKAGE):
            _serve_from_checkout()


def _serve_from_checkout() -> None:
    """Let the staticfiles finders see the folder, which in a checkout no app contains.

    ``AppConfig.path`` could point there instead, but then Django would look for the
    management commands there too.
    """
    folders = settings.STATICFILES_DIRS
    if not isinstance(folders, (list, tuple)):
        return  # Django's own check staticfiles.E001 tells the user.
    if any(_is_static(folder) for folder in folders):
        return
    # Last, so that a project's own folder may still override one of our files.
    settings.STATICFILES_DIRS = [*folders, str(assets.STATIC)]
    # A finder that another app's ready() has made already would keep the old list.
    get_finder.cache_clear()  # type: ignore[attr-defined]  # The stubs hide its lru_cache.


def _is_static(folder: object) -> bool:
    # A (prefix, path) pair serves our files under other names, so it does not count.
    return isinstance(folder, (str, Path)) and Path(folder).resolve() == assets.STATIC
