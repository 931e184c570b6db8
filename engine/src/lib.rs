//! (under construction)

pub mod record;
