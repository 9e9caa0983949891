"""The page of a problem, and that of its twin: what is wrong, what the panel says, and the code."""

import re
from dataclasses import dataclass
from pathlib import Path

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from problems.catalogue import PROBLEMS

HERE = Path(__file__).parent

# On the line that a finding names.
MARKER = "  # The panel points here."


@dataclass(frozen=True)
class Line:
    text: str
    is_marked: bool


def show(request: HttpRequest, outcome: str) -> HttpResponse:
    """The page that the request's view belongs to. ``outcome``: what the view has done, in a sentence."""
    rule, _, twin = request.resolver_match.url_name.partition(".")
    problem = next(problem for problem in PROBLEMS if problem.rule == rule)
    files = [(name, code(HERE / name, "The twin" if twin else "The problem")) for name in problem.files(twin)]
    context = {"problem": problem, "is_twin": bool(twin), "outcome": outcome, "files": files}
    return render(request, "problems/problem.html", context)


# In a thread: the page's header asks for the user, a query, which has no place in async code.
show_async = sync_to_async(show)


def code(file: Path, section: str) -> list[Line]:
    """The lines of a case's section and of those for both, or of all a file that has no sections."""
    text = file.read_text(encoding="utf-8")
    title = re.compile(r"^# ([\w ]+) -{20,}\n", re.MULTILINE)
    if title.search(text):
        _, *parts = title.split(text)
        wanted = (
            body for name, body in zip(parts[::2], parts[1::2], strict=True) if name in {section, "Both"}
        )
        text = "\n\n\n".join(body.strip() for body in wanted)
    return [Line(line.removesuffix(MARKER), line.endswith(MARKER)) for line in text.splitlines()]
