"""Django's own settings for its tests on SQLite, with a test runner that keeps the outcomes."""

from test_sqlite import *  # noqa: F403

TEST_RUNNER = "judge_runner.Runner"
