"""How the demo's speech model was trained, step by step. Run by hand; nothing of the service imports it."""
