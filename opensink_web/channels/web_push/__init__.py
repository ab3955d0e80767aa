"""Web Push: notifications of browsers and of the installed app."""
