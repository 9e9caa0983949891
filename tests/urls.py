from django.urls import include, path

from tests.shop import views

urlpatterns = [
    *(
        path(f"{name}/", getattr(views, name.replace("-", "_")))
        for name in (
            "plain",
            "order",
            "order-by-package",
            "order-json",
            "async-order",
            "async-plain",
            "template",
            "own-rendering",
            "streaming",
            "async-streaming",
            "failing",
            "nothing",
            "asks-itself",
            "many",
            "outlived",
            "markup",
        )
    ),
    path("class-based/", views.ClassBased.as_view()),
    path("__debug__/", include("debug_toolbar.urls")),
]
