"""The OSS protocol: requests, answers, signatures, errors. Knows no socket, file or clock."""
