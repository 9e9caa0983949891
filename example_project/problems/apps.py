from django.apps import AppConfig


class ProblemsConfig(AppConfig):
    name = "problems"

    def ready(self) -> None:
        from problems.cases import connected_twice, dead_receiver

        # Importing the cases has connected their receivers. Two problems are in what follows.
        connected_twice.connect()
        connected_twice.connect_twin()
        dead_receiver.connect()
