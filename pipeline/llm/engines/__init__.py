"""Engines that apply a prompt to documents. Each keeps the promise of `base.SynthesisEngine`.

Which one answers is chosen in `factory.py`. What a prompt asks for, and how much of a text is given at once, is
`pipeline/llm/`'s. Imports that, `pipeline/net/` and `pipeline/processes/`.
"""
