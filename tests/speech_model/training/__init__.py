"""How the word model was trained, step by step. Run by hand; no test imports it."""
