//! The writer: one actor that decides for all partitions of one log.

pub(crate) mod actor;
mod chores;
pub mod core;
pub mod filling;
mod jobs;
pub mod lanes;
#[cfg(test)]
mod samples;
