"""What browsers and other clients send."""
