"""Pages arrange widgets and connect them to the session; each is one file."""
