from django.urls import path

from problems import cases, views
from problems.catalogue import PROBLEMS

app_name = "problems"
urlpatterns = [path("", views.index, name="index")]
for problem in PROBLEMS:
    case = getattr(cases, problem.module)
    urlpatterns += [
        path(f"{problem.rule}/", case.problem, name=problem.rule),
        path(f"{problem.rule}/twin/", case.twin, name=f"{problem.rule}.twin"),
    ]
