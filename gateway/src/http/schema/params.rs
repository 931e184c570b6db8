//! What stands in headers and queries of several calls.
#![allow(dead_code, reason = "these describe requests, nothing is made of them")]

use onhand_domain::change::MovementKind;
use onhand_engine::events::words;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Headers of every read.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct ReadHeaders {
    /// Whose data; `default` when absent.
    #[param(rename = "X-Tenant-Id", min_length = 1, max_length = 64)]
    tenant: Option<String>,
    /// Ties calls and events of one flow together; echoed, made when absent.
    #[param(rename = "X-Correlation-Id", min_length = 1, max_length = 128)]
    correlation: Option<String>,
}

/// Headers of every write.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct WriteHeaders {
    /// Whose data; `default` when absent.
    #[param(rename = "X-Tenant-Id", min_length = 1, max_length = 64)]
    tenant: Option<String>,
    /// The same key with the same command gets the first answer again, with `Idempotency-Replayed: true`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: Option<String>,
    /// Who asks; kept in the ledger and in events.
    #[param(rename = "X-User-Id", min_length = 1, max_length = 128)]
    user: Option<String>,
    /// Ties calls and events of one flow together; echoed, made when absent.
    #[param(rename = "X-Correlation-Id", min_length = 1, max_length = 128)]
    correlation: Option<String>,
    /// What made this call come.
    #[param(rename = "X-Causation-Id", min_length = 1, max_length = 128)]
    causation: Option<String>,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// Entries per page.
    #[param(default = 100, minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// By which of its times a question asks.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum BasisWord {
    Occurred,
    Recorded,
}

/// What became of a dead letter.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum LetterStatus {
    Open,
    Retried,
    Discarded,
}

/// What became of an event that came in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) enum ConsumedStatus {
    Processed,
    Refused,
    DeadLetter,
}

/// What a row of the ledger tells of.
pub(crate) enum MovementType {}

impl PartialSchema for MovementType {
    fn schema() -> RefOr<Schema> {
        let words = MovementKind::ALL.map(words::movement);
        let word = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
        word.enum_values(Some(words)).into()
    }
}

impl ToSchema for MovementType {}
