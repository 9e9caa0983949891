"""An app has a module of receivers, and nothing imports it."""

from problems.bookclub.models import Guest
from problems.models import Letter
from problems.newsletter.models import Subscriber
from problems.pages import show

# The problem ---------------------------------------------------------------------------------


def problem(request):
    before = Letter.objects.count()
    Subscriber.objects.create(email="fogg@example.com")
    return show(request, f"One more subscriber. Letters of welcome: {Letter.objects.count() - before}.")


# The twin ------------------------------------------------------------------------------------


def twin(request):
    before = Letter.objects.count()
    Guest.objects.create(email="fogg@example.com")
    return show(request, f"One more guest. Letters of welcome: {Letter.objects.count() - before}.")
