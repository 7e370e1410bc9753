"""The only readers of solver libraries and their statuses."""
