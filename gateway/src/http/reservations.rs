//! Reservations: how one is shown, read and listed, and the steps of its life.

pub(crate) mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::command::Action;
use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference};
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::{Line, Reservation, ReservationNumber, Status};
use onhand_engine::Names;
use onhand_engine::ids::{LOG, parse_reservation_id, reservation_id};
use onhand_engine::view::ReservationFilter;

use crate::http::answer::{self, Answer, Asked, Look, NO_NUMBER, Shape};
use crate::http::body::{parse, parse_or_empty};
use crate::http::door::Door;
use crate::http::extract::Path;
use crate::http::json::Json;
use crate::http::page::{List, Wanted, page};
use crate::http::problem::Problem;
use crate::http::schema;

use request::{Cancellation, Extension, Fulfilment, LineChanges, ReservationBody};

/// The words for where a reservation stands.
const STATUS_WORDS: [(&str, Status); 5] = [
    ("ACTIVE", Status::Active),
    ("CONFIRMED", Status::Confirmed),
    ("FULFILLED", Status::Fulfilled),
    ("CANCELLED", Status::Cancelled),
    ("EXPIRED", Status::Expired),
];

/// The word for where a reservation stands.
pub(crate) const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Confirmed => "CONFIRMED",
        Status::Fulfilled => "FULFILLED",
        Status::Cancelled => "CANCELLED",
        Status::Expired => "EXPIRED",
    }
}

/// Writes a reservation as one object.
pub(crate) fn write(held: &Reservation, log: u16, names: &dyn Names, json: &mut Json) {
    json.object(|json| {
        json.text("reservationId", &reservation_id(log, held.number));
        json.text_or_null("orderId", held.order.as_ref().map(Reference::as_str));
        json.text("status", status_word(held.status));
        json.time_or_null("expiresAt", held.expires_at);
        json.text_if("customerId", held.customer.as_ref().map(Reference::as_str));
        json.text_if("localId", held.local.as_ref().map(Reference::as_str));
        json.time_if("requiredAt", held.required_at);
        json.time("createdAt", held.created_at);
        json.number("version", held.version);
        json.number("sequence", held.sequence);
        json.array_at("lines", |json| {
            for line in &held.lines {
                json.object(|json| write_line(line, names, json));
            }
        });
    });
}

fn write_line(line: &Line, names: &dyn Names, json: &mut Json) {
    json.text("itemId", names.item(line.item).as_str());
    let location = line.position.map(|position| names.location(names.place(position).1));
    json.text_or_null("locationId", location.as_ref().map(LocationId::as_str));
    json.text_if("lotNumber", line.lot.as_deref().map(LotNumber::as_str));
    json.quantity("quantity", line.quantity);
    json.quantity("fulfilled", line.fulfilled);
    json.quantity("released", line.released);
}

/// A new reservation.
pub(crate) const RESERVED: Shape = Shape {
    status: answer::created,
    write: |changed, names, json| {
        write(changed.change.reservation.as_deref()?, changed.log, names, json);
        Some(())
    },
};

/// A reservation after a step of its life.
const STEPPED: Shape = Shape { status: answer::ok, ..RESERVED };

/// The reservation of `/v1/reservations/{reservationId}…`; `None` for what is no id of ours.
fn known_of(path: &Path<'_>) -> Result<Option<ReservationNumber>, Problem> {
    Ok(parse_reservation_id(&path.word(1)?))
}

/// The reservation of a step. What is no id of ours becomes a number that none has: the writer refuses
/// it, as any other that it does not know, so that the refusal binds the key.
fn reservation_of(path: &Path<'_>) -> Result<ReservationNumber, Problem> {
    Ok(known_of(path)?.unwrap_or(NO_NUMBER))
}

fn unknown() -> Problem {
    Problem::refused(&Rejection::UnknownReservation)
}

fn create_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    parse::<ReservationBody<'_>>(asked.body)?.action()
}

/// Promises stock to an order.
#[utoipa::path(
    post,
    path = "/v1/reservations",
    tag = "Reservations",
    params(schema::WriteHeaders),
    request_body = ReservationBody,
    responses((status = 201, body = schema::Reservation), schema::WriteProblems)
)]
pub(crate) async fn create(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, create_action, RESERVED).await
}

fn confirm_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    Ok(Action::Confirm { reservation: reservation_of(&asked.path)? })
}

/// Drops the deadline: what was reserved is committed.
#[utoipa::path(
    post,
    path = "/v1/reservations/{reservationId}/confirm",
    tag = "Reservations",
    params(schema::WriteHeaders, ("reservationId" = String, Path, description = "The reservation")),
    responses((status = 200, body = schema::Reservation), schema::WriteProblems)
)]
pub(crate) async fn confirm(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, confirm_action, STEPPED).await
}

fn extend_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    parse::<Extension<'_>>(asked.body)?.action(reservation_of(&asked.path)?)
}

/// Sets a new deadline, counted from now.
#[utoipa::path(
    post,
    path = "/v1/reservations/{reservationId}/extend",
    tag = "Reservations",
    params(schema::WriteHeaders, ("reservationId" = String, Path, description = "The reservation")),
    request_body = Extension,
    responses((status = 200, body = schema::Reservation), schema::WriteProblems)
)]
pub(crate) async fn extend(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, extend_action, STEPPED).await
}

fn lines_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    parse::<LineChanges<'_>>(asked.body)?.action(reservation_of(&asked.path)?)
}

/// Sets the quantities of the lines named, in place, all or nothing; others stay.
#[utoipa::path(
    post,
    path = "/v1/reservations/{reservationId}/lines",
    tag = "Reservations",
    params(schema::WriteHeaders, ("reservationId" = String, Path, description = "The reservation")),
    request_body = LineChanges,
    responses((status = 200, body = schema::Reservation), schema::WriteProblems)
)]
pub(crate) async fn set_lines(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, lines_action, STEPPED).await
}

fn fulfil_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    parse_or_empty::<Fulfilment<'_>>(asked.body)?.action(reservation_of(&asked.path)?)
}

/// Ships all or part.
#[utoipa::path(
    post,
    path = "/v1/reservations/{reservationId}/fulfil",
    tag = "Reservations",
    params(schema::WriteHeaders, ("reservationId" = String, Path, description = "The reservation")),
    request_body = Option<Fulfilment>,
    responses((status = 200, body = schema::Reservation), schema::WriteProblems)
)]
pub(crate) async fn fulfil(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, fulfil_action, STEPPED).await
}

fn cancel_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    parse_or_empty::<Cancellation<'_>>(asked.body)?.action(reservation_of(&asked.path)?)
}

/// Releases what is open, or part of it.
#[utoipa::path(
    post,
    path = "/v1/reservations/{reservationId}/cancel",
    tag = "Reservations",
    params(schema::WriteHeaders, ("reservationId" = String, Path, description = "The reservation")),
    request_body = Option<Cancellation>,
    responses((status = 200, body = schema::Reservation), schema::WriteProblems)
)]
pub(crate) async fn cancel(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, cancel_action, STEPPED).await
}

/// One reservation, open or ended.
#[utoipa::path(
    get,
    path = "/v1/reservations/{reservationId}",
    tag = "Reservations",
    params(schema::ReadHeaders, ("reservationId" = String, Path, description = "The reservation")),
    responses((status = 200, body = schema::Reservation), schema::ReadProblems)
)]
pub(crate) async fn read(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let found = async {
        let look = Look::of(&parts)?;
        let number = known_of(&look.path)?.ok_or_else(unknown)?;
        let found = door.engine.history().reservation(look.tenant.as_str(), number).await;
        let held = found.map_err(Problem::from)?.ok_or_else(unknown)?;
        let mut json = Json::with_capacity(512);
        write(&held, LOG, door.engine.view().directory(), &mut json);
        Ok(Answer::json(StatusCode::OK, json))
    };
    answer::conclude(found.await, &parts)
}

fn filter_of(look: &Look<'_>) -> Result<ReservationFilter, Problem> {
    Ok(ReservationFilter {
        status: look.query.one_of("status", &STATUS_WORDS)?,
        item: look.query.id("itemId", ItemId::parse)?,
        location: look.query.id("locationId", LocationId::parse)?,
        customer: look.query.id("customerId", Reference::parse)?,
    })
}

/// Reservations, oldest first: of an order open and ended ones, otherwise only open ones.
#[utoipa::path(
    get,
    path = "/v1/reservations",
    tag = "Reservations",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("orderId" = Option<String>, Query, description = "Of this order, also those that have ended"),
        ("status" = Option<schema::ReservationStatus>, Query, description = "Only with this status"),
        ("itemId" = Option<String>, Query, description = "Only with a line of this item"),
        ("locationId" = Option<String>, Query, description = "Only with a line at this location"),
        ("customerId" = Option<String>, Query, description = "Only of this customer")
    ),
    responses((status = 200, body = schema::Page<schema::Reservation>), schema::ReadProblems)
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let listed = async {
        let look = Look::of(&parts)?;
        let wanted = Wanted::of(List::Reservations, &look.query)?;
        let filter = filter_of(&look)?;
        match look.query.id("orderId", Reference::parse)? {
            Some(order) => {
                let history = door.engine.history();
                let all = history.reservations_of_order(look.tenant.as_str(), &order).await;
                let all = all.map_err(Problem::from)?;
                Ok(page_of_order(&all, &filter, &wanted, door.engine.view().directory()))
            }
            None => list_open(&door, &look, filter, wanted).await,
        }
    };
    answer::conclude(listed.await, &parts)
}

async fn list_open(
    door: &Door,
    look: &Look<'_>,
    filter: ReservationFilter,
    wanted: Wanted,
) -> Result<Answer, Problem> {
    let (engine, tenant) = (door.engine.clone(), look.tenant.clone());
    answer::wide(move || {
        let (view, after) = (engine.view(), wanted.after.map(|cursor| cursor.number));
        let found = view.reservations(tenant.as_str(), &filter, after, wanted.limit);
        page(List::Reservations, &found.items, found.next, |held, json| {
            write(held, LOG, view.directory(), json);
        })
    })
    .await
}

/// A page of all reservations of an order, which are few.
fn page_of_order(
    all: &[Arc<Reservation>],
    filter: &ReservationFilter,
    wanted: &Wanted,
    names: &dyn Names,
) -> Answer {
    let after = wanted.after.map_or(0, |cursor| cursor.number);
    let mut passing =
        all.iter().filter(|held| held.number > after && filter.passes(held, names)).peekable();
    let shown: Vec<&Arc<Reservation>> = passing.by_ref().take(wanted.limit).collect();
    let next = passing.peek().and_then(|_| shown.last()).map(|last| last.number);
    page(List::Reservations, &shown, next, |held, json| write(held, LOG, names, json))
}
