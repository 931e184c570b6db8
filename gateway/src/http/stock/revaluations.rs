//! Revaluations: goods that are there get another cost.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::command::{Action, Detail, Revalue};
use onhand_domain::time::Timestamp;

use crate::http::answer;
use crate::http::body::{Word, parse};
use crate::http::catalog::text;
use crate::http::decimal::{Decimal, Field, money_if};
use crate::http::door::Door;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::stock::{STOCK, kept, lot_put, place, stock_body};
use crate::http::timestamp;

stock_body! {
    /// Goods that are there get another cost; those on their way keep theirs.
    Revaluation {
        /// The item.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        item_id: Word<'a>,
        /// The location.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        location_id: Word<'a>,
        /// Only this lot; all that is there, and what the shelf is short of, when absent.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
        /// The new cost of a unit.
        unit_cost: Decimal<'a>,
        /// Why.
        #[schema(value_type = String, max_length = 1024)]
        reason: Word<'a>,
    }
}

impl Revaluation<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        let cost = money_if(Some(self.unit_cost), Field::named("unitCost"))?;
        Ok(Action::Revalue(Revalue {
            place: place(&self.item_id, &self.location_id)?,
            lot: lot_put(self.lot_number.as_ref())?,
            unit_cost: cost.unwrap_or_default(),
            detail: kept(Detail {
                reason: Some(text(&self.reason, Field::named("reason"))?),
                ..self.detail(now)?
            }),
        }))
    }
}

/// Gives goods that are there another cost.
#[utoipa::path(
    post,
    path = "/v1/stock/revaluations",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = Revaluation,
    responses((status = 200, body = schema::StockAnswer), schema::WriteProblems)
)]
pub(crate) async fn revalue(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action =
        |asked: &answer::Asked<'_>| parse::<Revaluation<'_>>(asked.body)?.action(timestamp::now());
    answer::write(&door, request, action, STOCK).await
}
