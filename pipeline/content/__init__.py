"""The content store: objects sealed under a smelt's key, in a folder or a bucket; the key ring.

What content means (audio, text) belongs elsewhere. Imports of `pipeline/` only the top level.
"""
