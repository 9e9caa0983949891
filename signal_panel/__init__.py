"""Which signals a request sent, who received them, and what they cost."""

__version__ = "0.1.0"
