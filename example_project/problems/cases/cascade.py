"""A receiver of post_save saves its instance, which calls it again."""

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from problems.models import Review, ReviewForTwin
from problems.pages import show

# Both ----------------------------------------------------------------------------------------

TEXT = "We have made the trip in seventy-nine days."

# The problem ---------------------------------------------------------------------------------


@receiver(post_save, sender=Review)
def count_words(sender, instance, **kwargs):  # The panel points here.
    words = len(instance.text.split())
    if instance.word_count != words:  # Without this it would never end.
        instance.word_count = words
        instance.save()


def problem(request):
    review = Review.objects.create(title="Around the World in Eighty Days", text=TEXT)
    return show(request, f"A review of {review.word_count} words, which took two saves.")


# The twin ------------------------------------------------------------------------------------


@receiver(pre_save, sender=ReviewForTwin)
def count_words_before(sender, instance, **kwargs):
    # Before the save: what is set here goes into the database with the rest.
    instance.word_count = len(instance.text.split())


def twin(request):
    review = ReviewForTwin.objects.create(title="Around the World in Eighty Days", text=TEXT)
    return show(request, f"A review of {review.word_count} words, which took one save.")
