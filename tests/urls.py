from debug_toolbar.toolbar import debug_toolbar_urls
from django.urls import path

from tests.shop import views

urlpatterns = [
    *(
        path(f"{name}/", getattr(views, name.replace("-", "_")))
        for name in (
            "plain",
            "order",
            "order-json",
            "async-order",
            "async-plain",
            "template",
            "streaming",
            "async-streaming",
            "failing",
        )
    ),
    *debug_toolbar_urls(),
]
