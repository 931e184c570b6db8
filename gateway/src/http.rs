//! The HTTP door: one table of all routes, and what carries requests to them.
//!
//! A handler takes `State<Arc<Door>>` first and `axum::extract::Request` last (body untouched), or
//! only axum's own cheap extractors, and answers `axum::response::Response`. Hot routes are handlers
//! `async fn(State<Arc<Door>>, Request) -> Response`, because they are called without the router.

pub(crate) mod door;
pub(crate) mod stage;
pub(crate) mod allocations;
pub(crate) mod answer;
pub(crate) mod availability;
pub(crate) mod batch;
pub(crate) mod body;
pub(crate) mod catalog;
pub(crate) mod decimal;
pub(crate) mod extract;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod place;
pub(crate) mod policy;
pub(crate) mod positions;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod reports;
pub(crate) mod reservations;
pub(crate) mod schema;
pub(crate) mod stock;
pub(crate) mod timestamp;
#[cfg(test)]
mod samples;
