"""The audit: writing down what happens, chaining it so that nobody changes it, and proving that."""
