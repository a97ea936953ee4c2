"""Processes of ours and their children: pipes between them, what they give up, descriptors, no core dumps.

What a child computes is `speech/`'s and `llm/`'s. Imports nothing else of `pipeline/`.
"""
