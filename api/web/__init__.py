"""The page at `/` as it is served: `static/` holds what `make web` makes of the sources in `web/`, and is committed.

So nothing of Node.js is needed to run the service, and the wheel holds no source of the page. Imports nothing of the
API: whatever the page can do, it asks by the API's own calls.
"""
