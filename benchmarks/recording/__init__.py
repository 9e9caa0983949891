"""What recording adds to a send: every peer in a process of its own, all of them taking turns."""
