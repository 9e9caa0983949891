"""What whole requests cost with the panel, and without."""
