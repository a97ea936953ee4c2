"""The routes, one noun a file: who may, what it is, which reply. What is done is in the other folders and in `db/`.

They import every other folder here; `api/app.py` joins them, and nothing else imports them.
"""
