//! A disk in memory that loses what was not synced, tears it, and fails where it is told to.
