//! How events are spelled at the doors: one file per dialect of EVENTS.md.

pub(crate) mod standard;
