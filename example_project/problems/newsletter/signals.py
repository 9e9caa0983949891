from django.db.models.signals import post_save
from django.dispatch import receiver

from problems.models import Letter
from problems.newsletter.models import Subscriber


@receiver(post_save, sender=Subscriber)  # The panel points here.
def welcome_subscriber(sender, instance, created, **kwargs):
    if created:
        Letter.objects.create(to=instance.email, text="Welcome!")
