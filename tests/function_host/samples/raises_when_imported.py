"""A function whose package cannot be imported."""

raise RuntimeError("no licence found")
