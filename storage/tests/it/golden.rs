//! Bytes that were written once and must be readable forever.
