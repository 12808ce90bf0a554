"""What a change does, and which change helps."""
