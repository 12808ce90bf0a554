"""The S3 protocol: translates S3 requests to OSS, and the answers of OSS to S3.

`pipeline.s3` uses it before routing; operations do not depend on it. The facts are P-70 to P-76 in
`docs/protocol.md`.
"""
