//! The contract as tests: black box, over real HTTP, against the real binary.
//!
//! Tests share nothing: each is a tenant of its own on one shared server, or starts its own server
//! where it restarts, kills or configures it.

mod adjustments;
mod allocations;
mod archived_items;
mod availability;
mod backorders;
mod batches;
mod bins;
mod cancel;
mod checkpoints;
mod confirm;
mod counts;
mod durability;
mod event_log;
mod event_stream;
mod events;
mod expiry;
mod facts;
mod fulfil;
mod idempotency;
mod identifiers;
mod inactive_locations;
mod items;
mod jobs;
mod life;
mod lines;
mod lists;
mod location_choice;
mod locations;
mod low_stock;
mod moves;
mod operation;
mod overload;
mod policies;
mod positions;
mod problems;
mod quantities;
mod races;
mod recall;
mod receipts;
mod relocate;
mod reservations;
mod returns;
mod reversals;
mod sales;
mod shutdown;
mod start_faults;
mod storage_full;
mod strict_catalog;
mod tenants;
mod transfers;
mod unfulfil;
mod untracked;
