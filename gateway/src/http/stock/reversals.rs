//! Undoing one movement by its opposite.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::change::MovementPlace;
use onhand_domain::command::{Action, Detail, Reverse};
use onhand_domain::time::Timestamp;
use onhand_engine::ids::parse_transaction_id;

use crate::http::answer::{self, Asked, NO_NUMBER};
use crate::http::body::{Word, parse};
use crate::http::catalog::text_if;
use crate::http::decimal::Field;
use crate::http::door::Door;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::stock::{STOCK, kept, stock_body};
use crate::http::timestamp;

stock_body! {
    /// The movement to undo: a receipt, sale, adjustment, count, move or return. What belongs to a
    /// reservation, a transfer or a cost is undone there.
    Reversal {
        /// As the write answered it, and as the ledger shows it.
        #[schema(value_type = String, example = "txn-1-42-0")]
        transaction_id: Word<'a>,
        /// Why.
        #[schema(value_type = String, max_length = 1024)]
        reason: Word<'a>,
    }
}

impl Reversal<'_> {
    /// The command. What is no id of ours becomes a place that no movement has, so that the refusal
    /// binds the key.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        let known = parse_transaction_id(self.transaction_id.as_str());
        let (sequence, place) = known.unwrap_or((NO_NUMBER, 0));
        let reason = text_if(Some(&self.reason), Field::named("reason"))?;
        let detail = kept(Detail { reason, ..self.detail(now)? });
        Ok(Action::Reverse(Reverse { movement: MovementPlace { sequence, place }, detail }))
    }
}

fn reverse_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    parse::<Reversal<'_>>(asked.body)?.action(timestamp::now())
}

/// Undoes one movement by its opposite, at its own cost.
#[utoipa::path(
    post,
    path = "/v1/stock/reversals",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = Reversal,
    responses((status = 200, body = schema::StockAnswer), schema::WriteProblems)
)]
pub(crate) async fn reverse(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, reverse_action, STOCK).await
}
