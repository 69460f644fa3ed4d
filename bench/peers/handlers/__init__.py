"""The handlers of our own engine's peer: a module per tag."""
