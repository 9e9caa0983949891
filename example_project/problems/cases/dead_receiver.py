"""A local function is connected, and nothing else holds it."""

from django.dispatch import Signal, receiver

from problems.models import Job
from problems.pages import show

# The problem ---------------------------------------------------------------------------------

# sender: the class Job. title: str.
title_sold_out = Signal()


def connect():
    # Called in AppConfig.ready. Signals hold their receivers weakly: when this function returns,
    # its local function goes, and the receiver with it. While DEBUG is on, a cache of Django's
    # happens to keep it, so that it dies in production only.
    def order_more(sender, title, **kwargs):  # The panel points here.
        Job.objects.create(task=f"Order more of {title}")

    title_sold_out.connect(order_more)


def problem(request):
    before = Job.objects.count()
    title_sold_out.send(sender=Job, title="Hector Servadac")
    return show(
        request,
        f"The last copy is sold. Orders placed: {Job.objects.count() - before} "
        "(none, where DEBUG is off from the start).",
    )


# The twin ------------------------------------------------------------------------------------

# sender: the class Job. title: str.
title_nearly_sold_out = Signal()


@receiver(title_nearly_sold_out)
def order_some(sender, title, **kwargs):
    # A function of the module lives as long as the module.
    Job.objects.create(task=f"Order some of {title}")


def twin(request):
    before = Job.objects.count()
    title_nearly_sold_out.send(sender=Job, title="Hector Servadac")
    return show(request, f"Few copies are left. Orders placed: {Job.objects.count() - before}.")
