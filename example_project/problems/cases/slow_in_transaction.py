"""A receiver does slow work while a transaction is open."""

import time
from functools import partial

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from problems.models import Loan, LoanForTwin
from problems.pages import show

# Both ----------------------------------------------------------------------------------------


def send_mail(loan):
    time.sleep(0.15)  # A mail server takes its time.


# The problem ---------------------------------------------------------------------------------


@receiver(post_save, sender=Loan)
def confirm_loan(sender, instance, **kwargs):  # The panel points here.
    send_mail(instance)


def problem(request):
    with transaction.atomic():
        loan = Loan.objects.create(title="The Golden Volcano", reader="Phileas Fogg")
    return show(request, f"{loan}. For as long as the mail took, nobody else could write to the database.")


# The twin ------------------------------------------------------------------------------------


@receiver(post_save, sender=LoanForTwin)
def confirm_loan_in_the_end(sender, instance, **kwargs):
    # Runs when the transaction is over, and not at all if it is rolled back. The reader still
    # waits: a task queue spares them that too, and is best told from here as well.
    transaction.on_commit(partial(send_mail, instance))


def twin(request):
    with transaction.atomic():
        loan = LoanForTwin.objects.create(title="The Golden Volcano", reader="Phileas Fogg")
    return show(request, f"{loan}. The mail went out when the transaction was over.")
