//! The HTTP door: one table of all routes, and what carries requests to them.
//!
//! A handler is `async fn(State<Arc<Door>>, axum::extract::Request) -> axum::response::Response`: the
//! body is untouched, the path is whole. There are no layers between the server and a handler.
//!
//! Reading order: `server` (connections), `route` and `dispatch` (from a request to a row of the
//! table), `door` (what handlers share), `extract`, `body`, `query` (what they are asked), `answer`,
//! `problem`, `page`, `json` (what they say), then one file per resource.

pub(crate) mod allocations;
pub(crate) mod answer;
pub(crate) mod availability;
pub(crate) mod batch;
pub(crate) mod body;
pub(crate) mod catalog;
pub(crate) mod decimal;
pub(crate) mod dispatch;
pub(crate) mod door;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod extract;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub(crate) mod instants;
pub(crate) mod inventory_value;
pub(crate) mod jobs;
pub(crate) mod json;
pub(crate) mod ledger;
pub(crate) mod lots;
pub(crate) mod meters;
pub(crate) mod openapi;
pub(crate) mod operation;
pub(crate) mod page;
pub(crate) mod place;
pub(crate) mod policy;
pub(crate) mod positions;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod reports;
pub(crate) mod reservations;
pub(crate) mod route;
#[cfg(test)]
mod samples;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod stage;
pub(crate) mod stock;
pub(crate) mod tally;
pub(crate) mod timestamp;
mod whole;

use catalog::{bins, items, locations};
use route::{Route, routes};
use stock::{corrections, entries, revaluations, reversals, transfers};

/// Every route. Where two fit, the first one is taken.
#[rustfmt::skip]
pub(crate) static ROUTES: &[Route] = routes! {
    // Reservations
    POST   "/v1/reservations"                                  => reservations::create,
    GET    "/v1/reservations"                                  => reservations::list,
    POST   "/v1/reservations:batch"                            => batch::reservations,
    POST   "/v1/reservations:cancel"                           => reservations::cancellations::cancel,
    GET    "/v1/reservations/{reservationId}"                  => reservations::read,
    POST   "/v1/reservations/{reservationId}/confirm"          => reservations::confirm,
    POST   "/v1/reservations/{reservationId}/extend"           => reservations::extend,
    POST   "/v1/reservations/{reservationId}/lines"            => reservations::set_lines,
    POST   "/v1/reservations/{reservationId}/relocate"         => reservations::relocate,
    POST   "/v1/reservations/{reservationId}/fulfil"           => reservations::fulfil,
    POST   "/v1/reservations/{reservationId}/unfulfil"         => reservations::unfulfil,
    POST   "/v1/reservations/{reservationId}/cancel"           => reservations::cancel,
    GET    "/v1/jobs/{jobId}"                                  => jobs::read,
    // Stock
    POST   "/v1/stock/receipts"                                => entries::receive,
    POST   "/v1/stock/sales"                                   => entries::sell,
    POST   "/v1/stock/returns"                                 => entries::take_back,
    POST   "/v1/stock/adjustments"                             => corrections::adjust,
    POST   "/v1/stock/moves"                                   => corrections::shift,
    POST   "/v1/stock/counts"                                  => corrections::count,
    POST   "/v1/stock/revaluations"                            => revaluations::revalue,
    POST   "/v1/stock/transfers"                               => transfers::start,
    POST   "/v1/stock/transfers/{transferId}/receive"          => transfers::receive,
    POST   "/v1/stock/transfers/{transferId}/cancel"           => transfers::cancel,
    POST   "/v1/stock/reversals"                               => reversals::reverse,
    POST   "/v1/stock:batch"                                   => batch::stock,
    // Reads
    GET    "/v1/positions"                                     => positions::list,
    GET    "/v1/positions/{itemId}/{locationId}"               => positions::read,
    GET    "/v1/positions/{itemId}/{locationId}/explain"       => explain::explain,
    GET    "/v1/ledger"                                        => ledger::list,
    GET    "/v1/availability"                                  => availability::get,
    POST   "/v1/availability"                                  => availability::post,
    GET    "/v1/events"                                        => events::page,
    GET    "/v1/events/stream"                                 => events::stream,
    // Catalog
    GET    "/v1/items"                                         => items::list,
    PUT    "/v1/items/{itemId}"                                => items::put,
    GET    "/v1/items/{itemId}"                                => items::read,
    DELETE "/v1/items/{itemId}"                                => items::delete,
    GET    "/v1/locations"                                     => locations::list,
    PUT    "/v1/locations/{locationId}"                        => locations::put,
    GET    "/v1/locations/{locationId}"                        => locations::read,
    DELETE "/v1/locations/{locationId}"                        => locations::delete,
    GET    "/v1/locations/{locationId}/bins"                   => bins::list,
    PUT    "/v1/locations/{locationId}/bins/{binId}"           => bins::put,
    PUT    "/v1/positions/{itemId}/{locationId}/bin"           => positions::assign_bin,
    PUT    "/v1/positions/{itemId}/{locationId}/policy"        => positions::set_policy,
    // Integration: with and without the prefix
    POST   "/v1/allocations"                                   => allocations::create,
    POST   "/allocations"                                      => allocations::create,
    GET    "/v1/allocations/by-order/{orderId}"                => allocations::by_order,
    GET    "/allocations/by-order/{orderId}"                   => allocations::by_order,
    GET    "/v1/inventory-items/by-product/{productId}"        => reports::by_product,
    GET    "/inventory-items/by-product/{productId}"           => reports::by_product,
    GET    "/v1/inventory-items/{itemId}/availability"         => availability::of_item,
    GET    "/inventory-items/{itemId}/availability"            => availability::of_item,
    GET    "/v1/reports/low-stock"                             => reports::low_stock,
    GET    "/v1/reports/inventory-value"                       => inventory_value::inventory_value,
    GET    "/reports/inventory-value"                          => inventory_value::inventory_value,
    GET    "/reports/low-stock"                                => reports::low_stock,
    GET    "/v1/reports/stock-movements"                       => ledger::stock_movements,
    GET    "/reports/stock-movements"                          => ledger::stock_movements,
    // Operation
    GET    "/health/live"                                      => operation::live,
    GET    "/health/ready"                                     => operation::ready,
    GET    "/metrics"                                          => operation::metrics,
    GET    "/v1/admin/status"                                  => operation::status,
    GET    "/v1/admin/publisher"                               => operation::publisher::publisher,
    POST   "/v1/admin/replay"                                  => operation::replay::replay,
    GET    "/v1/admin/failed-events"                           => operation::failed_events::list,
    GET    "/v1/admin/failed-events/{id}"                      => operation::failed_events::show,
    POST   "/v1/admin/failed-events/{id}/retry"                => operation::failed_events::retry,
    POST   "/v1/admin/failed-events/{id}/discard"              => operation::failed_events::discard,
    GET    "/v1/admin/consumed-events"                         => operation::consumed_events::list,
    GET    "/v1/admin/sources"                                 => operation::sources::list,
    POST   "/v1/admin/sources/{topic}/reset"                   => operation::sources::reset,
    POST   "/v1/admin/sources/{topic}/skip"                    => operation::sources::skip,
    GET    "/v1/admin/imports/{fileHash}"                      => operation::imports::show,
    POST   "/v1/admin/imports/{fileHash}"                      => operation::imports::take,
    GET    "/v1/admin/export/{kind}"                           => operation::export::page,
    POST   "/v1/admin/backup"                                  => operation::backup::take,
    GET    "/v1/admin/backup"                                  => operation::backup::show,
    POST   "/v1/admin/verify"                                  => operation::verify::begin,
    GET    "/v1/admin/verify"                                  => operation::verify::show,
    GET    "/openapi.json"                                     => openapi::describe,
    GET    "/docs"                                             => openapi::enter,
    GET    "/docs/"                                            => openapi::show,
    GET    "/docs/{file}"                                      => openapi::show,
};
