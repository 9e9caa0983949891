"""What the panel costs, beside its targets and beside other tools: ``make bench``."""
