from django.apps import AppConfig


class BookclubConfig(AppConfig):
    name = "problems.bookclub"

    def ready(self) -> None:
        # Importing the module connects its receivers, once every model is there.
        from problems.bookclub import signals  # noqa: F401
