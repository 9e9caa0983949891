"""A receiver of post_init runs for every row of every query."""

from django.db.models.signals import post_init
from django.dispatch import receiver

from problems.models import FingerprintedBook, FingerprintedBookForTwin, fingerprint_of
from problems.pages import show

# The problem ---------------------------------------------------------------------------------


@receiver(post_init, sender=FingerprintedBook)
def add_fingerprint(sender, instance, **kwargs):  # The panel points here.
    instance.fingerprint = fingerprint_of(instance)


def problem(request):
    books = list(FingerprintedBook.objects.all())
    return show(
        request, f"{books[0]} is genuine: {books[0].fingerprint[:8]}. It took {len(books)} fingerprints."
    )


# The twin ------------------------------------------------------------------------------------


def twin(request):
    # The model has the fingerprint as a cached_property, which is computed when it is asked for.
    books = list(FingerprintedBookForTwin.objects.all())
    return show(request, f"{books[0]} is genuine: {books[0].fingerprint[:8]}. It took one fingerprint.")
