"""asend calls a sync receiver, which takes a way through another thread."""

from collections import Counter

from django.dispatch import Signal, receiver

from problems.pages import show_async
from shop.models import Book

# Both ----------------------------------------------------------------------------------------

SHELVES = 40
seen = Counter()

# The problem ---------------------------------------------------------------------------------

# sender: the class Book. shelf: int.
shelf_dusted = Signal()


@receiver(shelf_dusted)
def note_dusting(sender, shelf, **kwargs):  # The panel points here.
    seen[shelf] += 1


async def problem(request):
    for shelf in range(SHELVES):
        await shelf_dusted.asend(sender=Book, shelf=shelf)
    return await show_async(request, f"{SHELVES} shelves are dusted, with {SHELVES} trips to a thread.")


# The twin ------------------------------------------------------------------------------------

# sender: the class Book. shelf: int.
shelf_polished = Signal()


@receiver(shelf_polished)
async def note_polishing(sender, shelf, **kwargs):
    seen[shelf] += 1


async def twin(request):
    for shelf in range(SHELVES):
        await shelf_polished.asend(sender=Book, shelf=shelf)
    return await show_async(request, f"{SHELVES} shelves are polished, all in the event loop's own thread.")
