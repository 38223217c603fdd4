//! One streamed answer on its way from a provider to a caller.
