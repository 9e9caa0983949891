"""Where the package's templates, static files and docs are."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    # The wheel carries the folder inside the package; in a checkout it stands beside it.
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


TEMPLATES = _folder("templates")
STATIC = _folder("static")
DOCS = _folder("docs")
