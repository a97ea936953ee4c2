"""`smelt evaluate`: recordings with known words through the service's own speech process, and what it got wrong."""
