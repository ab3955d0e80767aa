"""The pages of sinks, and the one that everybody may read."""
