//! Adjustments, moves between buckets, and cycle counts.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::command::{Action, Adjust, Count, Detail, Force, MoveStock, Target};
use onhand_domain::position::Bucket;
use onhand_domain::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::answer;
use crate::http::body::{Word, parse};
use crate::http::catalog::text;
use crate::http::decimal::{Decimal, Field, Range, money_if, quantity_if};
use crate::http::door::Door;
use crate::http::problem::{Code, Problem};
use crate::http::schema;
use crate::http::stock::{STOCK, kept, lot_put, place, stock_body};
use crate::http::timestamp;
use crate::http::whole::Whole;

const REASON: Field = Field::named("reason");

/// A part of a position that may be corrected by hand. Promises are not among them: `reserved` and
/// `committed` are the sum of live holds, and `inTransit` that of transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BucketWord {
    /// Free to be promised.
    Available,
    /// Not fit for sale.
    Damaged,
    /// Waiting for a decision on its quality.
    QualityHold,
}

impl From<BucketWord> for Bucket {
    fn from(word: BucketWord) -> Self {
        match word {
            BucketWord::Available => Self::Available,
            BucketWord::Damaged => Self::Damaged,
            BucketWord::QualityHold => Self::QualityHold,
        }
    }
}

stock_body! {
    /// Corrects a bucket: either by a difference (`delta`) or to a figure (`setTo`).
    Adjustment {
        /// The item; created by an upward adjustment when it was never heard of.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        item_id: Word<'a>,
        /// The location.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        location_id: Word<'a>,
        /// The difference; not zero. Below what is free: 409, unless `force`.
        delta: Option<Decimal<'a>>,
        /// The new on hand (the difference is booked on `available`), or the new figure of `bucket`
        /// when one is named. A fact.
        set_to: Option<Decimal<'a>>,
        /// Why.
        #[schema(value_type = String, max_length = 1024)]
        reason: Word<'a>,
        /// The bucket; `available` when absent.
        bucket: Option<BucketWord>,
        /// 409 `STALE` when on hand is another.
        expected_on_hand: Option<Decimal<'a>>,
        /// 409 `STALE` when the version is another.
        #[schema(value_type = Option<u64>)]
        expected_version: Option<Whole<u64>>,
        /// Cost of a unit of what is found.
        unit_cost: Option<Decimal<'a>>,
        /// A fact: booked even when the stock is not there.
        #[schema(default = false)]
        force: Option<bool>,
        /// The lot that what is found belongs to, or that what is missing is taken from.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
    }
}

impl Adjustment<'_> {
    /// The command.
    ///
    /// # Errors
    /// 400 without `delta` and `setTo`; 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        let target = self.target()?;
        let on_hand = Field::named("expectedOnHand");
        Ok(Action::Adjust(Adjust {
            place: place(&self.item_id, &self.location_id)?,
            bucket: self.bucket.map_or(Bucket::Available, Bucket::from),
            target,
            expected_on_hand: quantity_if(self.expected_on_hand, on_hand, Range::Any)?,
            expected_version: self.expected_version.map(|version| version.0),
            force: if self.force == Some(true) { Force::Fact } else { Force::Wish },
            detail: kept(Detail {
                reason: Some(text(&self.reason, REASON)?),
                unit_cost: money_if(self.unit_cost, Field::named("unitCost"))?,
                lot: lot_put(self.lot_number.as_ref())?,
                ..self.detail(now)?
            }),
        }))
    }

    fn target(&self) -> Result<Target, Problem> {
        match (self.delta, self.set_to) {
            (Some(delta), None) => {
                delta.quantity(Field::named("delta"), Range::NotZero).map(Target::Delta)
            }
            (None, Some(figure)) => {
                let figure = figure.quantity(Field::named("setTo"), Range::NotNegative)?;
                let whole = self.bucket.is_none();
                Ok(if whole { Target::OnHand(figure) } else { Target::Bucket(figure) })
            }
            (None, None) => Err(Problem::malformed("missing field `delta` or `setTo`")),
            (Some(_), Some(_)) => Err(Problem::invalid("`delta` and `setTo` exclude each other")),
        }
    }
}

stock_body! {
    /// Moves stock between buckets of a position.
    Move {
        /// The item.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        item_id: Word<'a>,
        /// The location.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        location_id: Word<'a>,
        /// Above zero.
        quantity: Decimal<'a>,
        /// The bucket it leaves.
        from: BucketWord,
        /// The bucket it enters, another one.
        to: BucketWord,
        /// Why.
        #[schema(value_type = String, max_length = 1024)]
        reason: Word<'a>,
        /// The lot that is picked; what it lacks comes from others only where a fact says so.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
    }
}

impl Move<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        if self.from == self.to {
            let detail = "`from` and `to` are the same bucket";
            return Err(Problem::field(Code::InvalidRequest, Field::named("to"), detail));
        }
        Ok(Action::Move(MoveStock {
            place: place(&self.item_id, &self.location_id)?,
            quantity: self.quantity.quantity(Field::named("quantity"), Range::Positive)?,
            from: self.from.into(),
            to: self.to.into(),
            detail: kept(Detail {
                reason: Some(text(&self.reason, REASON)?),
                lot: lot_put(self.lot_number.as_ref())?,
                ..self.detail(now)?
            }),
        }))
    }
}

stock_body! {
    /// A cycle count: a fact. The variance becomes a movement.
    StockCount {
        /// The item; created when it was never heard of.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        item_id: Word<'a>,
        /// The location; created when it was never heard of.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        location_id: Word<'a>,
        /// What was found on hand, zero or more.
        counted: Decimal<'a>,
        /// 409 `STALE` when the version is another.
        #[schema(value_type = Option<u64>)]
        expected_version: Option<Whole<u64>>,
        /// Cost of a unit of what is found.
        unit_cost: Option<Decimal<'a>>,
        /// The lot that the variance is booked on.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
    }
}

impl StockCount<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        Ok(Action::Count(Count {
            place: place(&self.item_id, &self.location_id)?,
            counted: self.counted.quantity(Field::named("counted"), Range::NotNegative)?,
            expected_version: self.expected_version.map(|version| version.0),
            detail: kept(Detail {
                unit_cost: money_if(self.unit_cost, Field::named("unitCost"))?,
                lot: lot_put(self.lot_number.as_ref())?,
                ..self.detail(now)?
            }),
        }))
    }
}

/// Corrects a bucket of a position.
#[utoipa::path(
    post,
    path = "/v1/stock/adjustments",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = Adjustment,
    responses((status = 200, body = schema::StockAnswer), schema::WriteProblems)
)]
pub(crate) async fn adjust(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action =
        |asked: &answer::Asked<'_>| parse::<Adjustment<'_>>(asked.body)?.action(timestamp::now());
    answer::write(&door, request, action, STOCK).await
}

/// Moves stock between buckets of a position.
#[utoipa::path(
    post,
    path = "/v1/stock/moves",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = Move,
    responses((status = 200, body = schema::StockAnswer), schema::WriteProblems)
)]
pub(crate) async fn shift(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action =
        |asked: &answer::Asked<'_>| parse::<Move<'_>>(asked.body)?.action(timestamp::now());
    answer::write(&door, request, action, STOCK).await
}

/// Books a cycle count.
#[utoipa::path(
    post,
    path = "/v1/stock/counts",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = StockCount,
    responses((status = 200, body = schema::StockAnswer), schema::WriteProblems)
)]
pub(crate) async fn count(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action =
        |asked: &answer::Asked<'_>| parse::<StockCount<'_>>(asked.body)?.action(timestamp::now());
    answer::write(&door, request, action, STOCK).await
}
