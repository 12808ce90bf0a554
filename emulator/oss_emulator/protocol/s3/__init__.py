"""The S3 protocol: a separate front that turns S3 requests into OSS requests, and answers back.

`pipeline.s3` uses it before routing; operations know nothing of it. The facts are P-70 to P-76 in
`docs/protocol.md`.
"""
