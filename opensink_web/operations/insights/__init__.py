"""How well a workspace decides: what has ended is counted, rolled up and read."""
