"""The routes, one noun a file; `api/app.py` joins them."""
