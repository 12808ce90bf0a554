"""The controls of the emulator: journal, faults, clock, seed and the API below `/_emulator/`."""
