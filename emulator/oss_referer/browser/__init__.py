"""The requests that browsers and other clients send."""
