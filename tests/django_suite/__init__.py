"""Django's own tests as the judge: what they find while they are recorded is what they find without.

``make test-django`` takes the source of each supported Django from the package index and runs suites of its
tests twice, plain and with every test inside an open recording, then compares them test by test::

    make test-django                                          # all suites on all versions
    make test-django DJANGO=6.1 SUITES="dispatch signals"     # a part of them
    make test-django PATCHED=1                                # as where another tool wraps Signal.send
    SIGNAL_PANEL_PURE_PYTHON=1 make test-django               # without what is in C

Fixtures of classes and modules are recorded too, each in a recording of its own. All that this makes stands
in ``.django/``: a folder a version, with its source, its environment, what the tests printed and each test's
outcomes; and ``result.json``, the comparison.

``inside/`` is what runs within Django's own test runner.
"""
