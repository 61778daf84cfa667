"""What both engines share: plain data and pure rules."""
