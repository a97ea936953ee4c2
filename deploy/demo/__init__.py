"""`smelt demo`: a meeting and notes, and the show that puts them through the whole service."""
