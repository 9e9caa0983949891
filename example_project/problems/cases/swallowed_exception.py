"""send_robust goes on when a receiver fails, and nobody notices."""

from django.dispatch import Signal, receiver

from problems.models import Job, Letter
from problems.pages import show

# Both ----------------------------------------------------------------------------------------

ADDRESSES = {"Jean Passepartout": "7 Savile Row, London"}

# The problem ---------------------------------------------------------------------------------

# sender: the class Letter. reader: str.
loan_overdue = Signal()


@receiver(loan_overdue)
def write_reminder(sender, reader, **kwargs):  # The panel points here.
    Letter.objects.create(to=ADDRESSES[reader], text="Please bring it back.")


def problem(request):
    before = Letter.objects.count()
    loan_overdue.send_robust(sender=Letter, reader="Phileas Fogg")
    return show(
        request, f"Phileas Fogg was reminded, it seems. Letters written: {Letter.objects.count() - before}."
    )


# The twin ------------------------------------------------------------------------------------

# sender: the class Letter. reader: str.
loan_long_overdue = Signal()


@receiver(loan_long_overdue)
def write_reminder_or_ask(sender, reader, **kwargs):
    # What can be expected to go wrong is dealt with here, where it is known what to do about it.
    if address := ADDRESSES.get(reader):
        Letter.objects.create(to=address, text="Please bring it back.")
    else:
        Job.objects.create(task=f"Ask {reader} for an address")


def twin(request):
    before = Job.objects.count()
    loan_long_overdue.send_robust(sender=Letter, reader="Phileas Fogg")
    return show(
        request, f"Nobody knows where Phileas Fogg lives. Jobs to find out: {Job.objects.count() - before}."
    )
