"""The access room: who somebody is and what they may do."""
