"""The insights: what is looked at, and how it is drawn."""
