"""What is asked: requests for input, as they are created and read."""
