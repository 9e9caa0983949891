from django.db.models.signals import post_save
from django.dispatch import receiver

from problems.bookclub.models import Guest
from problems.models import Letter


@receiver(post_save, sender=Guest)
def welcome_guest(sender, instance, created, **kwargs):
    if created:
        Letter.objects.create(to=instance.email, text="Welcome!")
