"""Engines that apply a prompt to documents. Each keeps the promise of `base.SynthesisEngine`."""
