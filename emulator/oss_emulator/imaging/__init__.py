"""Images: decodes, changes and encodes them as the actions of `x-oss-process` say.

Pure and synchronous, and the only package that needs Pillow, the extra `image`. Work takes time and
memory in proportion to the image, so the server has a process of its own run `job.process`.
"""
