"""Every request connects one more receiver, and none is ever disconnected."""

from django.dispatch import Signal, receiver

from problems.models import Letter
from problems.pages import show

# The problem ---------------------------------------------------------------------------------

# sender: the class Letter. title: str.
title_reserved = Signal()


def problem(request):
    def tell_reader(sender, title, **kwargs):
        Letter.objects.create(to="Phileas Fogg", text=f"{title} is reserved for you.")

    title_reserved.connect(tell_reader, weak=False)  # The panel points here.
    before = Letter.objects.count()
    title_reserved.send(sender=Letter, title="The Purchase of the North Pole")
    return show(
        request,
        f"Letters for this reservation: {Letter.objects.count() - before}. One more with each request.",
    )


# The twin ------------------------------------------------------------------------------------

# sender: the class Letter. title: str. reader: str.
title_kept = Signal()


@receiver(title_kept)
def tell_them(sender, title, reader, **kwargs):
    # Connected once, when the module is imported. What is different each time comes with the send.
    Letter.objects.create(to=reader, text=f"{title} is kept for you.")


def twin(request):
    before = Letter.objects.count()
    title_kept.send(sender=Letter, title="The Purchase of the North Pole", reader="Phileas Fogg")
    return show(
        request, f"Letters for this reservation: {Letter.objects.count() - before}. It stays at that."
    )
