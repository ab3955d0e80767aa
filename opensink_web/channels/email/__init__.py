"""Mails: `mail` writes one, `smtp` hands it to a server, `transport` is the channel."""
