//! The house rules as tests. Each rule has a detector, and each detector a test with a planted
//! violation: a check that cannot fail is a defect.

mod arrows;
mod channels;
mod clock;
mod codes;
mod layout;
mod metrics;
mod paths;
mod sizes;
mod source;
mod words;
