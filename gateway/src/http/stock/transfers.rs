//! Transfers from one location to another.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::change::Cause;
use onhand_domain::command::{Action, Detail, Force, StartTransfer};
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::time::Timestamp;
use onhand_domain::transfer::{Transfer, TransferNumber, TransferStatus};
use onhand_engine::ids::{parse_transfer_id, transaction_id, transfer_id};
use onhand_engine::{Changed, Names};

use crate::http::answer::{self, Asked, NO_NUMBER, Shape};
use crate::http::body::{Word, parse, parse_or_empty};
use crate::http::decimal::{Decimal, Field, Range, quantity_if};
use crate::http::door::Door;
use crate::http::extract::{Path, id};
use crate::http::json::Json;
use crate::http::positions;
use crate::http::problem::{Code, Problem};
use crate::http::schema;
use crate::http::stock::{kept, lot_put, stock_body};
use crate::http::timestamp;

const QUANTITY: Field = Field::named("quantity");

/// The word for where a transfer stands.
pub(crate) const fn transfer_status_word(status: TransferStatus) -> &'static str {
    match status {
        TransferStatus::InTransit => "IN_TRANSIT",
        TransferStatus::Received => "RECEIVED",
        TransferStatus::Cancelled => "CANCELLED",
    }
}

stock_body! {
    /// Sends stock to another location; in between it is `inTransit` there.
    TransferStart {
        /// The item.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        item_id: Word<'a>,
        /// The origin.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        from: Word<'a>,
        /// The destination, another one; created when it was never heard of.
        #[schema(value_type = String, min_length = 1, max_length = 64)]
        to: Word<'a>,
        /// Above zero.
        quantity: Decimal<'a>,
        /// The lot that is picked; what it lacks comes from others only where a fact says so.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
    }
}

impl TransferStart<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, now: Timestamp) -> Result<Action, Problem> {
        let from = id(Field::named("from"), self.from.as_str(), LocationId::parse)?;
        let to = id(Field::named("to"), self.to.as_str(), LocationId::parse)?;
        if from == to {
            let detail = "`from` and `to` are the same location";
            return Err(Problem::field(Code::InvalidRequest, Field::named("to"), detail));
        }
        Ok(Action::StartTransfer(Box::new(StartTransfer {
            item: id(Field::named("itemId"), self.item_id.as_str(), ItemId::parse)?,
            from,
            to,
            quantity: self.quantity.quantity(QUANTITY, Range::Positive)?,
            force: Force::Wish,
            detail: kept(Detail { lot: lot_put(self.lot_number.as_ref())?, ..self.detail(now)? }),
        })))
    }
}

stock_body! {
    /// Stock on its way has arrived.
    TransferReceipt {
        /// How much; all of it when absent. The rest stays in transit.
        quantity: Option<Decimal<'a>>,
        /// The lot that arrives; the others stay in transit. Whatever left first when absent.
        #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
        lot_number: Option<Word<'a>>,
    }
}

impl TransferReceipt<'_> {
    fn action(&self, transfer: TransferNumber, now: Timestamp) -> Result<Action, Problem> {
        Ok(Action::ReceiveTransfer {
            transfer,
            quantity: quantity_if(self.quantity, QUANTITY, Range::Positive)?,
            detail: kept(Detail { lot: lot_put(self.lot_number.as_ref())?, ..self.detail(now)? }),
        })
    }
}

stock_body! {
    /// What has not arrived goes back to the origin.
    TransferCancellation {}
}

/// The answer to a step of a transfer, with the position it concerns most: the origin when stock leaves
/// it or comes back to it, the destination when stock arrives.
pub(crate) const STARTED: Shape = Shape { status: |_| StatusCode::CREATED, write: write_changed };
const STEPPED: Shape = Shape { status: answer::ok, write: write_changed };

fn write_changed(changed: &Changed, names: &dyn Names, json: &mut Json) -> Option<()> {
    let transfer = changed.change.transfer.as_deref()?;
    let wanted = match changed.change.cause {
        Cause::TransferReceived => transfer.to,
        _ => transfer.from,
    };
    let position = changed.change.positions.iter().find(|held| held.position == wanted)?;
    json.object(|json| {
        json.text("transferId", &transfer_id(changed.log, transfer.number));
        json.text("transactionId", &transaction_id(changed.log, changed.sequence, 0));
        json.number("sequence", changed.sequence);
        write_members(transfer, names, json);
        json.object_at("position", |json| positions::write_changed(changed, position, names, json))
    })
}

/// Writes the members of a transfer, with its id.
pub(crate) fn write(transfer: &Transfer, log: u16, names: &dyn Names, json: &mut Json) {
    json.text("transferId", &transfer_id(log, transfer.number));
    write_members(transfer, names, json);
}

fn write_members(transfer: &Transfer, names: &dyn Names, json: &mut Json) {
    let location = |position| names.location(names.place(position).1);
    json.text("status", transfer_status_word(transfer.status));
    json.text("itemId", names.item(transfer.item).as_str());
    json.text("from", location(transfer.from).as_str());
    json.text("to", location(transfer.to).as_str());
    json.quantity("quantity", transfer.quantity);
    json.quantity("received", transfer.received);
}

/// The transfer of `/v1/stock/transfers/{transferId}/…`. What is no id of ours becomes a number that none
/// has: the writer refuses it, as any other that it does not know, so that the refusal binds the key.
fn transfer_of(path: &Path<'_>) -> Result<TransferNumber, Problem> {
    Ok(parse_transfer_id(&path.word(2)?).unwrap_or(NO_NUMBER))
}

/// Sends stock to another location.
#[utoipa::path(
    post,
    path = "/v1/stock/transfers",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body = TransferStart,
    responses((status = 201, body = schema::TransferAnswer), schema::WriteProblems)
)]
pub(crate) async fn start(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action =
        |asked: &Asked<'_>| parse::<TransferStart<'_>>(asked.body)?.action(timestamp::now());
    answer::write(&door, request, action, STARTED).await
}

/// Stock on its way has arrived, all of it or part.
#[utoipa::path(
    post,
    path = "/v1/stock/transfers/{transferId}/receive",
    tag = "Stock",
    params(schema::WriteHeaders, ("transferId" = String, Path, description = "The transfer")),
    request_body = Option<TransferReceipt>,
    responses((status = 200, body = schema::TransferAnswer), schema::WriteProblems)
)]
pub(crate) async fn receive(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action = |asked: &Asked<'_>| {
        let transfer = transfer_of(&asked.path)?;
        parse_or_empty::<TransferReceipt<'_>>(asked.body)?.action(transfer, timestamp::now())
    };
    answer::write(&door, request, action, STEPPED).await
}

/// What has not arrived goes back to the origin.
#[utoipa::path(
    post,
    path = "/v1/stock/transfers/{transferId}/cancel",
    tag = "Stock",
    params(schema::WriteHeaders, ("transferId" = String, Path, description = "The transfer")),
    request_body = Option<TransferCancellation>,
    responses((status = 200, body = schema::TransferAnswer), schema::WriteProblems)
)]
pub(crate) async fn cancel(State(door): State<Arc<Door>>, request: Request) -> Response {
    let action = |asked: &Asked<'_>| {
        let transfer = transfer_of(&asked.path)?;
        let body = parse_or_empty::<TransferCancellation<'_>>(asked.body)?;
        Ok(Action::CancelTransfer { transfer, detail: kept(body.detail(timestamp::now())?) })
    };
    answer::write(&door, request, action, STEPPED).await
}
