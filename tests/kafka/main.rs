//! Everything that needs a real Kafka broker. Without Java or Maven each test says that it is skipped,
//! and why; where `CI` is set it fails instead.

mod audit;
mod broker;
mod endurance;
mod faults;
mod floor;
mod foreign;
mod full;
mod intake;
mod letters;
mod outage;
mod publisher;
mod publishing;
mod security;
mod sources;
mod topics;
