"""A receiver raises, and those after it never run."""

from contextlib import suppress

from django.dispatch import Signal, receiver

from problems.models import Job
from problems.pages import show

# Both ----------------------------------------------------------------------------------------

# sender: the class Job. title: str. finder: str or None.
book_found = Signal()
book_found_again = Signal()

# The problem ---------------------------------------------------------------------------------


@receiver(book_found)
def thank_finder(sender, finder, **kwargs):  # The panel points here.
    Job.objects.create(task="Thank " + finder)


# The twin ------------------------------------------------------------------------------------


@receiver(book_found_again)
def thank_finder_if_known(sender, finder, **kwargs):
    if finder is not None:
        Job.objects.create(task="Thank " + finder)


# Both ----------------------------------------------------------------------------------------


@receiver([book_found, book_found_again])
def tell_owner(sender, title, **kwargs):
    Job.objects.create(task=f"Tell the owner of {title}")


@receiver([book_found, book_found_again])
def put_on_shelf(sender, title, **kwargs):
    Job.objects.create(task=f"Put {title} on the shelf")


# The problem ---------------------------------------------------------------------------------


def problem(request):
    before = Job.objects.count()
    with suppress(TypeError):  # "The page must not fail."
        book_found.send(sender=Job, title="The Green Ray", finder=None)
    return show(request, f"The book was found. Jobs to do now: {Job.objects.count() - before}.")


# The twin ------------------------------------------------------------------------------------


def twin(request):
    before = Job.objects.count()
    book_found_again.send(sender=Job, title="The Green Ray", finder=None)
    return show(request, f"The book was found. Jobs to do now: {Job.objects.count() - before}.")
