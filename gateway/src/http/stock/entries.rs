//! Receipts, till sales and returns.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::command::{Action, Condition, Detail, StockEntry};
use onhand_domain::time::{Day, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::answer;
use crate::http::body::{Word, parse};
use crate::http::catalog::{reference_if, text_if};
use crate::http::decimal::{Decimal, Field, Range, money_if};
use crate::http::door::Door;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::stock::{STOCK, kept, lot_put, place, stock_body};
use crate::http::timestamp;

const QUANTITY: Field = Field::named("quantity");

stock_body! {
    /// Goods came in.
    Receipt {
        /// The caller's id of the receipt.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
        receipt_id: Option<Word<'a>>,
        /// The item; created when it was never heard of.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        item_id: Word<'a>,
        /// The location; created when it was never heard of.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        location_id: Word<'a>,
        /// Above zero.
        quantity: Decimal<'a>,
        /// The lot it belongs to.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
        /// Last day on which the lot may be sold.
        #[schema(value_type = Option<String>, format = Date)]
        expiry_date: Option<Word<'a>>,
        /// Cost of a unit.
        unit_cost: Option<Decimal<'a>>,
    }
}

impl Receipt<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        Ok(Action::Receive(StockEntry {
            place: place(&self.item_id, &self.location_id)?,
            quantity: self.quantity.quantity(QUANTITY, Range::Positive)?,
            detail: kept(Detail {
                document: reference_if(self.receipt_id.as_ref(), Field::named("receiptId"))?,
                lot: lot_put(self.lot_number.as_ref())?,
                expiry: day_if(self.expiry_date.as_ref())?,
                unit_cost: money_if(self.unit_cost, Field::named("unitCost"))?,
                ..self.detail(now)?
            }),
        }))
    }
}

stock_body! {
    /// Goods were sold at a till: a fact, never refused for want of stock.
    Sale {
        /// The caller's id of the sale.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
        sale_id: Option<Word<'a>>,
        /// The item; created when it was never heard of.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        item_id: Word<'a>,
        /// The location; created when it was never heard of.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        location_id: Word<'a>,
        /// Above zero.
        quantity: Decimal<'a>,
        /// Money taken.
        amount: Option<Decimal<'a>>,
        /// The lot that is picked; what it lacks comes from others only where a fact says so.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
    }
}

impl Sale<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        Ok(Action::Sell(StockEntry {
            place: place(&self.item_id, &self.location_id)?,
            quantity: self.quantity.quantity(QUANTITY, Range::Positive)?,
            detail: kept(Detail {
                document: reference_if(self.sale_id.as_ref(), Field::named("saleId"))?,
                amount: money_if(self.amount, Field::named("amount"))?,
                lot: lot_put(self.lot_number.as_ref())?,
                ..self.detail(now)?
            }),
        }))
    }
}

/// Condition of returned goods.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ConditionWord {
    /// Fit for sale: goes to `available`.
    Good,
    /// Goes to `damaged`.
    Damaged,
    /// Goes to `damaged`.
    Defective,
}

impl From<ConditionWord> for Condition {
    fn from(word: ConditionWord) -> Self {
        match word {
            ConditionWord::Good => Self::Good,
            ConditionWord::Damaged => Self::Damaged,
            ConditionWord::Defective => Self::Defective,
        }
    }
}

stock_body! {
    /// Goods came back.
    Return {
        /// The item.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        item_id: Word<'a>,
        /// Where they came back to.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        location_id: Word<'a>,
        /// Above zero.
        quantity: Decimal<'a>,
        /// Their condition.
        condition: ConditionWord,
        /// The order they were shipped on; more than was shipped is booked and marked.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
        order_id: Option<Word<'a>>,
        /// The caller's id of the return.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
        return_id: Option<Word<'a>>,
        /// Return merchandise authorisation.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
        rma_number: Option<Word<'a>>,
        /// Why they came back.
        #[schema(value_type = Option<String>, max_length = 1024)]
        reason: Option<Word<'a>>,
        /// The lot they belong to.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
        /// Last day on which the lot may be sold; that of the lot that is there when absent.
        #[schema(value_type = Option<String>, format = Date)]
        expiry_date: Option<Word<'a>>,
        /// Cost of a unit; the one they left with when absent.
        unit_cost: Option<Decimal<'a>>,
    }
}

impl Return<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        Ok(Action::Return(StockEntry {
            place: place(&self.item_id, &self.location_id)?,
            quantity: self.quantity.quantity(QUANTITY, Range::Positive)?,
            detail: kept(Detail {
                condition: Some(self.condition.into()),
                order: reference_if(self.order_id.as_ref(), Field::named("orderId"))?,
                document: reference_if(self.return_id.as_ref(), Field::named("returnId"))?,
                rma: reference_if(self.rma_number.as_ref(), Field::named("rmaNumber"))?,
                reason: text_if(self.reason.as_ref(), Field::named("reason"))?,
                lot: lot_put(self.lot_number.as_ref())?,
                expiry: day_if(self.expiry_date.as_ref())?,
                unit_cost: money_if(self.unit_cost, Field::named("unitCost"))?,
                ..self.detail(now)?
            }),
        }))
    }
}

fn day_if(day: Option<&Word<'_>>) -> Result<Option<Day>, Problem> {
    let parse = |day: &Word<'_>| timestamp::parse_day(Field::named("expiryDate"), day.as_str());
    day.map(parse).transpose()
}

/// Books a receipt.
#[utoipa::path(
    post,
    path = "/v1/stock/receipts",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = Receipt,
    responses((status = 200, body = schema::StockAnswer), schema::WriteProblems)
)]
pub(crate) async fn receive(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action =
        |asked: &answer::Asked<'_>| parse::<Receipt<'_>>(asked.body)?.action(timestamp::now());
    answer::write(&door, request, action, STOCK).await
}

/// Books a sale at a till.
#[utoipa::path(
    post,
    path = "/v1/stock/sales",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = Sale,
    responses((status = 200, body = schema::StockAnswer), schema::WriteProblems)
)]
pub(crate) async fn sell(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action =
        |asked: &answer::Asked<'_>| parse::<Sale<'_>>(asked.body)?.action(timestamp::now());
    answer::write(&door, request, action, STOCK).await
}

/// Books goods that came back.
#[utoipa::path(
    post,
    path = "/v1/stock/returns",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = Return,
    responses((status = 200, body = schema::StockAnswer), schema::WriteProblems)
)]
pub(crate) async fn take_back(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action =
        |asked: &answer::Asked<'_>| parse::<Return<'_>>(asked.body)?.action(timestamp::now());
    answer::write(&door, request, action, STOCK).await
}
