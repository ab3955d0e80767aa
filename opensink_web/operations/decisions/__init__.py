"""What people decide on requests, and what becomes of whoever asked."""
