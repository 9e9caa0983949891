"""A shop to test with: what the toolbar is shown in, and what sends signals."""


def show_toolbar(request: object) -> bool:
    """Show the toolbar for every request of the tests, except where one asks otherwise."""
    return "without-toolbar" not in request.GET  # type: ignore[attr-defined]
