"""What forms of several page areas share: their fields and tokens, and keeping what was typed."""
