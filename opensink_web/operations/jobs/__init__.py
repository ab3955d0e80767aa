"""Background jobs: HTTP requests on a fixed interval, and their runs."""
