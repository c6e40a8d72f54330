"""Words that everyone shares: errors, configuration, events, mailbox. Imports neither torch nor Qt."""
