"""The OSS wire protocol: what is asked and how it is answered. Knows no socket, file or clock."""
