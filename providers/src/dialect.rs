//! JSON Schema dialects of the providers (`wire.md` §5.5).
