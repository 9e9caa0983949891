from django.apps import AppConfig


class NewsletterConfig(AppConfig):
    name = "problems.newsletter"
    # There is no `ready` that imports `signals`, so nothing in it is ever connected.
