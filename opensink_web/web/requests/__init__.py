"""Pages of the inbox, and of one request."""
