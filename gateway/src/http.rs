//! The HTTP door: one table of all routes, and what carries requests to them.
//!
//! A handler takes `State<Arc<Door>>` first and `axum::extract::Request` last (body untouched), or
//! only axum's own cheap extractors, and answers `axum::response::Response`. Hot routes are handlers
//! `async fn(State<Arc<Door>>, Request) -> Response`, because they are called without the router.

pub(crate) mod door;
pub(crate) mod stage;
