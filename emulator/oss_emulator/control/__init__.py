"""The emulator's own side: journal, faults, clock, seed and the API below `/_emulator/`."""
