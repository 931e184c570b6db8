//! What answers look like, for the OpenAPI document. Answers are written by hand, for speed; a test
//! holds each writer against its description here.
#![allow(dead_code, reason = "these describe answers, nothing is made of them")]

mod params;
mod problems;
#[cfg(test)]
mod tests;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

pub(crate) use params::{
    BasisWord, ConsumedStatus, LetterStatus, MovementType, Paging, ReadHeaders, WriteHeaders,
};
pub(crate) use problems::{HistoryProblems, ReadProblems, WriteProblems};

/// An exact number with up to 6 places.
pub(crate) type Figure = f64;

/// An item.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Item {
    item_id: String,
    sku: Option<String>,
    name: Option<String>,
    product_id: Option<String>,
    track_inventory: bool,
    unit_of_measure: Option<String>,
    min_stock: Option<Figure>,
    max_stock: Option<Figure>,
    safety_stock: Option<Figure>,
    backorder_limit: Option<BackorderLimit>,
    low_stock_threshold: Option<Figure>,
    unit_cost: Option<Figure>,
    strategy: crate::http::catalog::items::StrategyWord,
    /// Whether it was archived; `PUT` revives it.
    archived: bool,
    version: u32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// How far below zero `available` may be promised: a number, or the word `unlimited`.
pub(crate) enum BackorderLimit {}

impl PartialSchema for BackorderLimit {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(SchemaType::new(Type::Number));
        let word = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .enum_values(Some(["unlimited"]));
        let description = "How far below zero `available` may be promised.";
        OneOfBuilder::new().item(number).item(word).description(Some(description)).into()
    }
}

impl ToSchema for BackorderLimit {}

/// A location.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Location {
    location_id: String,
    name: Option<String>,
    r#type: Option<String>,
    active: bool,
    priority: i32,
    version: u32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A bin of a location.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Bin {
    location_id: String,
    bin_id: String,
    name: Option<String>,
}

/// Stock of an item at a location.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Position {
    item_id: String,
    location_id: String,
    /// Whether stock of the item is counted.
    tracked: bool,
    /// available + reserved + committed + damaged + qualityHold.
    on_hand: Figure,
    available: Figure,
    reserved: Figure,
    committed: Figure,
    damaged: Figure,
    quality_hold: Figure,
    in_transit: Figure,
    safety_stock: Figure,
    /// `max(0, available − safetyStock + backorderLimit)`; `null`: no limit.
    #[schema(required)]
    sellable: Option<Figure>,
    min_stock: Option<Figure>,
    max_stock: Option<Figure>,
    backorder_limit: Option<BackorderLimit>,
    low_stock_threshold: Option<Figure>,
    version: u32,
    sequence: u64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    bin_id: Option<String>,
    /// Its layers, where one position is read.
    lots: Option<Vec<crate::http::lots::Lot>>,
}

/// The answer to a stock write.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct StockAnswer {
    transaction_id: String,
    sequence: u64,
    position: Position,
    /// More came back than was shipped on the order.
    exceeds_shipped: Option<bool>,
    /// The position had no room for a further lot: it was booked without its number.
    lot_dropped: Option<bool>,
}

/// Where a transfer stands.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TransferStatus {
    InTransit,
    Received,
    Cancelled,
}

/// The answer to a step of a transfer.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct TransferAnswer {
    transfer_id: String,
    transaction_id: String,
    sequence: u64,
    status: TransferStatus,
    item_id: String,
    from: String,
    to: String,
    quantity: Figure,
    received: Figure,
    /// The origin when stock leaves it or comes back to it, the destination when stock arrives.
    position: Position,
}

/// Where a reservation stands.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ReservationStatus {
    Active,
    Confirmed,
    Fulfilled,
    Cancelled,
    Expired,
}

/// A promise of stock to an order.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Reservation {
    reservation_id: String,
    #[schema(required)]
    order_id: Option<String>,
    status: ReservationStatus,
    /// When it ends by itself; `null`: never.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    customer_id: Option<String>,
    local_id: Option<String>,
    #[schema(format = DateTime)]
    required_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    version: u32,
    sequence: u64,
    lines: Vec<ReservationLine>,
}

/// What is promised from one position; open is `quantity − fulfilled − released`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ReservationLine {
    item_id: String,
    /// `null` only for an item whose stock is not counted.
    #[schema(required)]
    location_id: Option<String>,
    /// The lot it is promised from; any when absent.
    lot_number: Option<String>,
    quantity: Figure,
    fulfilled: Figure,
    released: Figure,
}

/// One line of a reservation under the seeds' name.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Allocation {
    allocation_id: String,
    reservation_id: String,
    #[schema(required)]
    order_id: Option<String>,
    item_id: String,
    #[schema(required)]
    location_id: Option<String>,
    quantity: Figure,
    status: ReservationStatus,
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
}

/// How much can be sold.
#[derive(ToSchema)]
pub(crate) struct Availability {
    items: Vec<ItemAvailability>,
}

/// How much of an item can be sold.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ItemAvailability {
    item_id: String,
    /// `null`: no limit.
    #[schema(required)]
    sellable: Option<Figure>,
    available: Figure,
    locations: Vec<LocationAvailability>,
}

/// How much of an item can be sold at a location.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct LocationAvailability {
    location_id: String,
    /// `null`: no limit.
    #[schema(required)]
    sellable: Option<Figure>,
    available: Figure,
    version: u32,
}

/// Stock of all items of a product.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ProductStock {
    product_id: String,
    totals: Totals,
    items: Vec<ItemStock>,
}

/// Sums over positions.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Totals {
    on_hand: Figure,
    /// `null`: no limit.
    #[schema(required)]
    sellable: Option<Figure>,
    available: Figure,
    reserved: Figure,
    committed: Figure,
}

/// Stock of an item at all its locations.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ItemStock {
    item_id: String,
    sku: Option<String>,
    on_hand: Figure,
    /// `null`: no limit.
    #[schema(required)]
    sellable: Option<Figure>,
    available: Figure,
    reserved: Figure,
    committed: Figure,
    locations: Vec<Position>,
}

/// A position below its threshold.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct LowStock {
    item_id: String,
    location_id: String,
    available: Figure,
    #[schema(required)]
    min_stock: Option<Figure>,
    #[schema(required)]
    low_stock_threshold: Option<Figure>,
    /// Threshold less `available`.
    short_by: Figure,
}

/// Positions with something, or nothing, available.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum InOut {
    In,
    Out,
}

/// A page of a list.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Page<T: ToSchema> {
    items: Vec<T>,
    /// For the next page; absent on the last.
    next_cursor: Option<String>,
}

/// The answer to a batch of stock writes.
#[derive(ToSchema)]
pub(crate) struct StockBatchAnswer {
    /// One result per entry, in their order.
    results: Vec<StockResult>,
    succeeded: u32,
    failed: u32,
}

/// What became of a stock write.
#[derive(ToSchema)]
pub(crate) struct StockResult {
    /// As the single call would have answered.
    status: u16,
    /// As the single call would have answered: a `StockAnswer`, for transfers a `TransferAnswer`.
    answer: Option<serde_json::Value>,
    problem: Option<Problem>,
}

/// The answer to a batch of reservations.
#[derive(ToSchema)]
pub(crate) struct ReservationBatchAnswer {
    /// One result per entry, in their order.
    results: Vec<ReservationResult>,
    succeeded: u32,
    failed: u32,
}

/// What became of a reservation.
#[derive(ToSchema)]
pub(crate) struct ReservationResult {
    /// As the single call would have answered.
    status: u16,
    answer: Option<Reservation>,
    problem: Option<Problem>,
}

/// What went wrong (RFC 9457). Further members depend on the code: `shortages`, `field`, `limit`, …
#[derive(ToSchema)]
pub(crate) struct Problem {
    r#type: String,
    title: String,
    status: u16,
    /// What clients match on.
    #[schema(example = "INSUFFICIENT_STOCK")]
    code: String,
    detail: String,
    /// With `INSUFFICIENT_STOCK`: the lines that could not be served.
    shortages: Option<Vec<Shortage>>,
    /// With `INVALID_…`: the field that is wrong.
    field: Option<String>,
}

/// A line that could not be served.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Shortage {
    item_id: String,
    location_id: Option<String>,
    requested: Figure,
    sellable: Figure,
}
