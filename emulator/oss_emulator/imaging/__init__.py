"""Decodes, changes and encodes images according to the actions of `x-oss-process`.

Pure and synchronous, and the only package that needs Pillow (the extra `image`). The work takes
time and memory proportional to the image, so the server runs `job.process` in a separate process.
"""
