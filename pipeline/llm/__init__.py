"""From documents to Markdown: prompts, splitting and merging, and the engines that answer.

Knows transcripts, but no audio and no content store. What calls the outside goes by
`pipeline/net/` or an engine. Imports `pipeline/processes/` besides.
"""
