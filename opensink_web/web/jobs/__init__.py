"""Pages of background jobs: when each runs, how the last runs went, and what a run was answered."""
