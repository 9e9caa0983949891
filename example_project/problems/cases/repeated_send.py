"""N+1 sends: a loop saves rows one by one."""

from django.db import transaction
from django.db.models.signals import pre_save
from django.dispatch import receiver

from problems.models import Copy
from problems.pages import show

# Both ----------------------------------------------------------------------------------------

COPIES = 200


def label_of(copy):
    return f"{copy.title}, no. {copy.number}"


@receiver(pre_save, sender=Copy)
def print_label(sender, instance, **kwargs):
    instance.label = label_of(instance)


# The problem ---------------------------------------------------------------------------------


def problem(request):
    with transaction.atomic():
        for number in range(1, COPIES + 1):
            copy = Copy(title="The Mysterious Island", number=number)
            copy.save()  # The panel points here.
    return show(request, f"{COPIES} copies came in, each by an INSERT of its own.")


# The twin ------------------------------------------------------------------------------------


def twin(request):
    copies = [Copy(title="The Mysterious Island", number=number) for number in range(1, COPIES + 1)]
    for copy in copies:
        copy.label = label_of(copy)  # bulk_create sends no pre_save that would do it.
    Copy.objects.bulk_create(copies)
    return show(request, f"{COPIES} copies came in, by one INSERT.")
