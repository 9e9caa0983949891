"""One line saves the same instance again and again."""

from django.db.models.signals import post_save
from django.dispatch import receiver

from problems.models import Card
from problems.pages import show

# Both ----------------------------------------------------------------------------------------


@receiver(post_save, sender=Card)
def index_card(sender, instance, **kwargs):
    Card.objects.filter(pk=instance.pk).update(words=f"{instance.reader} {instance.city}".lower())


def new_card():
    return Card.objects.create(reader="Phileas Fogg", street="7 Savile Row", city="London")


# The problem ---------------------------------------------------------------------------------


def move(card, **address):
    for part, value in address.items():
        setattr(card, part, value)
        card.save()  # The panel points here.


def problem(request):
    card = new_card()
    move(card, street="2 Queen's Road", city="Hong Kong")
    return show(request, f"{card} has moved, and was indexed for the street and for the city.")


# The twin ------------------------------------------------------------------------------------


def move_at_once(card, **address):
    for part, value in address.items():
        setattr(card, part, value)
    card.save(update_fields=[*address])


def twin(request):
    card = new_card()
    move_at_once(card, street="2 Queen's Road", city="Hong Kong")
    return show(request, f"{card} has moved, and was indexed once.")
