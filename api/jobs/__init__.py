"""Durable jobs: what was asked, how far it came, what was answered; and who runs it."""
