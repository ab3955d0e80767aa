"""ntfy, by ntfy.sh or a server of one's own."""
