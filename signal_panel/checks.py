"""System checks for what users get wrong in their settings."""
