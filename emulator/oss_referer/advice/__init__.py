"""The effect of a change, and the change that helps."""
