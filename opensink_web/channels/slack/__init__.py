"""Slack, and what takes Slack's incoming webhooks: Mattermost, Rocket.Chat, Discord."""
