"""The bookshop's addresses, and the toolbar's own."""

from debug_toolbar.toolbar import debug_toolbar_urls
from django.urls import include, path

urlpatterns = [
    path("", include("shop.urls")),
    path("accounts/", include("accounts.urls")),
    path("problems/", include("problems.urls")),
    *debug_toolbar_urls(),
]
