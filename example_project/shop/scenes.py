"""The scenes on the front page: what to click, and what to look for in the panel."""

from dataclasses import dataclass, field

from django.http import HttpRequest

from accounts.views import DEMO_READER


@dataclass(frozen=True)
class Scene:
    title: str
    look_for: str
    view: str
    action: str
    post: bool = False
    fields: dict[str, str] = field(default_factory=dict)


SCENES = {
    "Readers": [
        Scene(
            "Sign up",
            "post_save of User calls make_profile; inside its bar are the signals of the new Profile.",
            "accounts:signup",
            "Open the form",
        ),
        Scene(
            "Log in",
            "user_logged_in with two receivers. Django's own saves the user, so make_profile is "
            "called again, and does nothing.",
            "accounts:login",
            "Log in as reader",
            post=True,
            fields=DEMO_READER,
        ),
        Scene(
            "Failed log in",
            "user_login_failed, whose receiver takes 25 ms on purpose.",
            "accounts:login",
            "Try a wrong password",
            post=True,
            fields={**DEMO_READER, "password": "wrong"},
        ),
        Scene(
            "Log out",
            "user_logged_out, and no pre_delete or post_delete of the session: Django spares them, "
            "as nobody listens.",
            "accounts:logout",
            "Log out",
            post=True,
        ),
    ],
    "The shop": [
        Scene(
            "Browse",
            "pre_init and post_init by the hundred: one pair for every book, author and tag that "
            "a query made.",
            "shop:browse",
            "See the books",
        ),
        Scene(
            "Place an order",
            "order_placed with five receivers: fast, slow, one that saves more, one that fails, "
            "one that sends another signal.",
            "shop:checkout",
            "To the checkout",
        ),
        Scene(
            "Tag books",
            "m2m_changed six times, before and after: clear, add, remove. The query is in the three after.",
            "shop:staff_picks",
            "Choose staff picks",
            post=True,
        ),
        Scene(
            "Delete an author",
            "pre_delete and post_delete of the author and, through the cascade, of the four books; "
            "all sent from one line.",
            "shop:delete_author",
            "Delete a throw-away",
            post=True,
        ),
        Scene(
            "Import 1,000 books",
            "7,000 spans: pre_init, post_init, pre_save and post_save of 1,000 books, saved one by "
            "one from the same line.",
            "shop:import_books",
            "Import the CSV",
            post=True,
        ),
    ],
    "Async, streaming, many": [
        Scene(
            "Ask for offers",
            "An async view: asend to a sync receiver and two async ones, which wait side by side. "
            "Their bars overlap, so they take several lanes.",
            "shop:offers",
            "Find the best offer",
        ),
        Scene(
            "Export as CSV",
            "A streaming download: rows_exported is sent after the view is over. Open it from History.",
            "shop:export",
            "Download",
        ),
        Scene(
            "A quiet page",
            "No signals of its own: request_started and request_finished, which Django sends for "
            "every request, and no more.",
            "shop:quiet",
            "Be quiet",
        ),
        Scene(
            "Stock-take",
            "100,000 spans, nested four deep. Zoom in with the wheel until single copies show.",
            "shop:stock_take",
            "Count everything",
        ),
    ],
}


def current_scene(request: HttpRequest) -> dict[str, Scene | None]:
    """Template context: the scene that this page belongs to."""
    view = request.resolver_match and request.resolver_match.view_name
    scenes = (scene for group in SCENES.values() for scene in group)
    return {"scene": next((scene for scene in scenes if scene.view == view), None)}
