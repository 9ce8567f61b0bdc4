"""The REST door below `/v2/public`."""
