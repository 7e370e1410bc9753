"""The service as a whole under load, kills and restarts: `make soak` and `make chaos`."""
