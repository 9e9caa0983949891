"""The bookshop's addresses, and that of the hostile page."""

from django.http import HttpResponse
from django.urls import path

from bookshop.urls import urlpatterns as bookshops
from tests.payloads import PAYLOADS
from tests.senders import all_named

named = all_named(PAYLOADS)
senders = named.__enter__()  # as long as the server runs: it looks names up when it needs them


def hostile(request):
    for sender in senders:
        sender.send()
    return HttpResponse("<!doctype html><html><head><title>Hostile</title></head><body>Hostile</body></html>")


hostile.__qualname__ = "<script>alert('run')</script>"

urlpatterns = [path("hostile/", hostile), *bookshops]
