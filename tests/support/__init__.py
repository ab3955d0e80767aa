"""What tests, kill runs and benchmarks share: real servers, scenarios, bodies."""
