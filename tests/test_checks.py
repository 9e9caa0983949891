"""The system checks, run by Django's own framework over settings as users get them wrong."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from debug_toolbar.toolbar import debug_toolbar_urls
from django.conf.urls.i18n import i18n_patterns
from django.contrib.staticfiles.finders import get_finder
from django.core.checks import CheckMessage, run_checks
from django.http import HttpResponse
from django.urls import clear_script_prefix, include, path, re_path, set_script_prefix

import signal_panel
from signal_panel.checks import MIDDLEWARE, PANEL, TOOLBAR, WHITENOISE
from signal_panel.middleware import SignalPanelMiddleware
from signal_panel.panel import SignalTimelinePanel

DOCS = Path(__file__).parent.parent / "docs" / "checks.md"

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"


class OurMiddleware(SignalPanelMiddleware):
    """A project's own variant of the middleware."""


class OurPanel(SignalTimelinePanel):
    """A project's own variant of the panel."""


def function_middleware(get_response: Any) -> Any:
    return get_response


@pytest.fixture
def project(settings: Any) -> Iterator[Any]:
    """The settings of a project in which all is as it should be; each test spoils something."""
    settings.MIDDLEWARE = [MIDDLEWARE, SESSIONS, TOOLBAR]
    settings.DEBUG_TOOLBAR_PANELS = [PANEL]
    settings.SIGNAL_PANEL = {}
    settings.DEBUG = True
    get_finder.cache_clear()  # type: ignore[attr-defined]
    yield settings
    get_finder.cache_clear()  # type: ignore[attr-defined]


def reported() -> list[CheckMessage]:
    return run_checks(tags=["signal_panel"])


def ids() -> list[str | None]:
    return [message.id for message in reported()]


def without(apps: list[str], *names: str) -> list[str]:
    return [app for app in apps if app not in names]


def test_a_project_set_up_as_the_readme_says_hears_nothing(project: Any) -> None:
    assert reported() == []


@pytest.mark.django_db  # Some of Django's own checks ask the database.
def test_the_checks_run_with_all_others_too(project: Any) -> None:
    project.MIDDLEWARE = [TOOLBAR]
    assert "signal_panel.W001" in [message.id for message in run_checks()]


def test_no_middleware(project: Any) -> None:
    project.MIDDLEWARE = [SESSIONS, TOOLBAR]
    [message] = reported()
    assert message.id == "signal_panel.W001"
    assert message.msg == f"{MIDDLEWARE} is missing from MIDDLEWARE."
    assert MIDDLEWARE in (message.hint or "")


def test_the_middleware_is_not_first(project: Any) -> None:
    project.MIDDLEWARE = [SESSIONS, MIDDLEWARE, TOOLBAR]
    [message] = reported()
    assert message.id == "signal_panel.W002"
    assert SESSIONS in (message.hint or "")


def test_the_middleware_is_there_twice(project: Any) -> None:
    project.MIDDLEWARE = [MIDDLEWARE, SESSIONS, TOOLBAR, MIDDLEWARE]
    [message] = reported()
    assert message.id == "signal_panel.W003"
    assert "2 times" in message.msg


def test_a_subclass_of_the_middleware_counts(project: Any) -> None:
    project.MIDDLEWARE = [f"{__name__}.OurMiddleware", SESSIONS, TOOLBAR]
    assert ids() == []
    project.MIDDLEWARE = [MIDDLEWARE, f"{__name__}.OurMiddleware", TOOLBAR]
    assert ids() == ["signal_panel.W003"]


def test_middleware_that_is_no_class_or_cannot_be_imported_is_not_ours(project: Any) -> None:
    project.MIDDLEWARE = [MIDDLEWARE, f"{__name__}.function_middleware", "nowhere.Middleware"]
    assert ids() == []


def test_the_toolbar_is_not_installed(project: Any) -> None:
    project.INSTALLED_APPS = without(project.INSTALLED_APPS, "debug_toolbar")
    [message] = reported()
    assert message.id == "signal_panel.E001"
    assert message.is_serious()


def test_middleware_that_fails_to_import_without_the_toolbar_does_not_hide_this(
    project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fails_to_import.py").write_text("raise RuntimeError('no app_label')")
    monkeypatch.syspath_prepend(tmp_path)
    project.INSTALLED_APPS = without(project.INSTALLED_APPS, "debug_toolbar")
    project.MIDDLEWARE = [MIDDLEWARE, "fails_to_import.Middleware"]
    assert ids() == ["signal_panel.E001"]


@pytest.mark.parametrize("panels", [[], ["debug_toolbar.panels.timer.TimerPanel"]])
def test_the_panel_is_not_listed(project: Any, panels: list[str]) -> None:
    project.DEBUG_TOOLBAR_PANELS = panels
    [message] = reported()
    assert message.id == "signal_panel.W004"
    assert f"[*PANELS_DEFAULTS, '{PANEL}']" in (message.hint or "")


def test_the_toolbar_s_default_panels_lack_the_panel(project: Any) -> None:
    del project.DEBUG_TOOLBAR_PANELS
    assert ids() == ["signal_panel.W004"]


def test_a_subclass_of_the_panel_counts(project: Any) -> None:
    project.DEBUG_TOOLBAR_PANELS = (f"{__name__}.OurPanel",)
    assert ids() == []


def urls_module(monkeypatch: pytest.MonkeyPatch, urlpatterns: list[Any]) -> str:
    """The name of a module with these URLs."""
    module = ModuleType("urls_of_a_test")
    module.urlpatterns = urlpatterns  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.__name__


def test_the_toolbar_s_urls_are_missing(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.ROOT_URLCONF = urls_module(monkeypatch, [])
    [message] = reported()
    assert message.id == "signal_panel.W006"
    assert "urlpatterns += debug_toolbar_urls()" in (message.hint or "")


def test_the_toolbar_s_urls_may_stand_anywhere(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = i18n_patterns(path("tools/", include("debug_toolbar.urls")))
    project.ROOT_URLCONF = urls_module(monkeypatch, urls)
    assert ids() == []


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([MIDDLEWARE, TOOLBAR, WHITENOISE], ["signal_panel.W007"]),
        ([MIDDLEWARE, WHITENOISE, TOOLBAR], []),
        ([MIDDLEWARE, TOOLBAR], []),
        ([MIDDLEWARE, WHITENOISE], []),
    ],
)
def test_files_that_whitenoise_serves_do_not_go_through_the_toolbar(
    project: Any, middleware: list[str], expected: list[str]
) -> None:
    project.MIDDLEWARE = middleware
    assert ids() == []
    project.INSTALLED_APPS = ["whitenoise.runserver_nostatic", *project.INSTALLED_APPS]
    assert ids() == expected


def test_another_pattern_takes_the_toolbar_s_requests(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = re_path("", lambda request: HttpResponse())
    project.ROOT_URLCONF = urls_module(monkeypatch, [everything, *debug_toolbar_urls()])
    [message] = reported()
    assert message.id == "signal_panel.W006"
    assert "another pattern takes '/__debug__/render_panel/'" in message.msg
    project.ROOT_URLCONF = urls_module(monkeypatch, [*debug_toolbar_urls(), everything])
    assert ids() == []


def test_the_toolbar_s_urls_may_be_under_a_prefix(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.ROOT_URLCONF = urls_module(monkeypatch, debug_toolbar_urls())
    set_script_prefix("/behind/a/proxy/")
    try:
        assert ids() == []
    finally:
        clear_script_prefix()


def test_without_debug_the_toolbar_has_no_urls(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.DEBUG = False
    project.ROOT_URLCONF = urls_module(monkeypatch, debug_toolbar_urls())
    assert ids() == []


@pytest.mark.parametrize("urlconf", ["nowhere.urls", None])
def test_urls_that_cannot_be_imported_are_not_ours(project: Any, urlconf: str | None) -> None:
    project.ROOT_URLCONF = urlconf
    assert ids() == []


def test_staticfiles_is_not_installed(project: Any) -> None:
    project.INSTALLED_APPS = without(project.INSTALLED_APPS, "django.contrib.staticfiles", "debug_toolbar")
    messages = {message.id: message for message in reported()}
    assert "'django.contrib.staticfiles'" in (messages["signal_panel.W005"].hint or "")


def test_no_finder_sees_the_static_files(project: Any) -> None:
    project.STATICFILES_FINDERS = []
    [message] = reported()
    assert message.id == "signal_panel.W005"
    assert "STATICFILES_FINDERS" in (message.hint or "")


def test_the_setting_is_no_dictionary(project: Any) -> None:
    project.SIGNAL_PANEL = ["IGNORE"]
    assert ids() == ["signal_panel.E002"]


def test_an_unknown_key(project: Any) -> None:
    project.SIGNAL_PANEL = {"IGNORED": ["shop.*"]}
    [message] = reported()
    assert message.id == "signal_panel.E003"
    assert message.hint.startswith("Did you mean 'IGNORE'? The keys are 'IGNORE', 'MAX_SPANS'")


def test_a_wrong_value(project: Any) -> None:
    project.SIGNAL_PANEL = {"MAX_SPANS": "many"}
    [message] = reported()
    assert message.id == "signal_panel.E004"
    assert message.msg == ("SIGNAL_PANEL['MAX_SPANS'] is 'many', but must be a whole number above zero.")


def test_a_check_can_be_silenced(project: Any) -> None:
    project.MIDDLEWARE = [SESSIONS, MIDDLEWARE, TOOLBAR]
    project.SILENCED_SYSTEM_CHECKS = ["signal_panel.W002"]
    [message] = reported()
    assert message.is_silenced()


def test_the_docs_have_a_heading_for_each_check_and_no_other() -> None:
    package = Path(signal_panel.__file__).parent
    in_code = {
        id
        for source in package.rglob("*.py")
        for id in re.findall(r'"(signal_panel\.[EW]\d{3})"', source.read_text())
    }
    in_docs = re.findall(r"^### `(signal_panel\.[EW]\d{3})`", DOCS.read_text(), re.MULTILINE)
    assert sorted(in_code) == sorted(in_docs)
