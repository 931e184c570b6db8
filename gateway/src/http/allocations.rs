//! `/allocations`: reservations under the seeds' name, one line at a time.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::command::Action;
use onhand_domain::ids::{LocationId, Reference};
use onhand_domain::reservation::{Line, Reservation};
use onhand_engine::Names;
use onhand_engine::ids::{LOG, reservation_id};

use crate::http::answer::{self, Answer, Asked, Look, Shape};
use crate::http::body::parse;
use crate::http::door::Door;
use crate::http::json::Json;
use crate::http::page::{Cursor, List, Wanted, page};
use crate::http::problem::Problem;
use crate::http::reservations::request::AllocationBody;
use crate::http::reservations::status_word;
use crate::http::schema;

/// Writes one line of a reservation as an allocation.
fn write(held: &Reservation, at: usize, line: &Line, log: u16, names: &dyn Names, json: &mut Json) {
    let reservation = reservation_id(log, held.number);
    let location = line.position.map(|position| names.location(names.place(position).1));
    json.object(|json| {
        json.text("allocationId", &format!("{reservation}-{at}"));
        json.text("reservationId", &reservation);
        json.text_or_null("orderId", held.order.as_ref().map(Reference::as_str));
        json.text("itemId", names.item(line.item).as_str());
        json.text_or_null("locationId", location.as_ref().map(LocationId::as_str));
        json.quantity("quantity", line.quantity);
        json.text("status", status_word(held.status));
        json.time_or_null("expiresAt", held.expires_at);
    });
}

/// A new allocation: the one line of a new reservation.
const ALLOCATED: Shape = Shape {
    status: answer::created,
    write: |changed, names, json| {
        let held = changed.change.reservation.as_deref()?;
        write(held, 0, held.lines.first()?, changed.log, names, json);
        Some(())
    },
};

fn create_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    parse::<AllocationBody<'_>>(asked.body)?.action()
}

/// Promises stock of one item to an order, from one location, for 15 minutes.
#[utoipa::path(
    post,
    path = "/v1/allocations",
    tag = "Reservations",
    params(schema::WriteHeaders),
    request_body = AllocationBody,
    responses((status = 201, body = schema::Allocation), schema::WriteProblems)
)]
pub(crate) async fn create(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, create_action, ALLOCATED).await
}

/// Allocations of an order, open and ended, one per line.
#[utoipa::path(
    get,
    path = "/v1/allocations/by-order/{orderId}",
    tag = "Reservations",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("orderId" = String, Path, description = "The order")
    ),
    responses((status = 200, body = schema::Page<schema::Allocation>), schema::ReadProblems)
)]
pub(crate) async fn by_order(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let listed = async {
        let look = Look::of(&parts)?;
        let order = look.path.id(2, "orderId", Reference::parse)?;
        let wanted = Wanted::of(List::Allocations, &look.query)?;
        let history = door.engine.history();
        let all = history.reservations_of_order(look.tenant.as_str(), &order).await;
        Ok(page_of(&all.map_err(Problem::from)?, &wanted, door.engine.view().directory()))
    };
    answer::conclude(listed.await, &parts)
}

fn page_of(all: &[Arc<Reservation>], wanted: &Wanted, names: &dyn Names) -> Answer {
    let is_behind = |number: u64, place: usize| match wanted.after {
        None => true,
        Some(after) => (number, place) > (after.number, after.place as usize),
    };
    let lines = all
        .iter()
        .flat_map(|held| held.lines.iter().enumerate().map(move |(at, line)| (held, at, line)));
    let mut behind = lines.filter(|(held, at, _)| is_behind(held.number, *at)).peekable();
    let shown: Vec<_> = behind.by_ref().take(wanted.limit).collect();
    let next = behind.peek().and_then(|_| shown.last()).map(|(held, at, _)| Cursor {
        number: held.number,
        place: u32::try_from(*at).unwrap_or(u32::MAX),
    });
    page(List::Allocations, &shown, next, |(held, at, line), json| {
        write(held, *at, line, LOG, names, json);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::samples::{SampleNames, reservation, text_of};

    fn page_after(all: &[Arc<Reservation>], after: Option<Cursor>, limit: usize) -> String {
        text_of(&page_of(all, &Wanted { after, limit }, &SampleNames))
    }

    #[test]
    fn pages_end_within_a_reservation() {
        let all = [Arc::new(reservation(42)), Arc::new(reservation(43))];
        let whole = page_after(&all, None, 100);
        assert_eq!(whole.matches("allocationId").count(), 4);
        assert!(!whole.contains("nextCursor"), "{whole}");
        let first = page_after(&all, None, 3);
        assert_eq!(first.matches("allocationId").count(), 3);
        assert!(first.contains("nextCursor"), "{first}");
        let rest = page_after(&all, Some(Cursor { number: 43, place: 0 }), 3);
        assert_eq!(rest.matches("allocationId").count(), 1);
        assert!(rest.contains(r#""allocationId":"rsv-1-43-1""#), "{rest}");
        assert!(!rest.contains("nextCursor"), "{rest}");
    }

    #[test]
    fn an_allocation_is_one_line_of_a_reservation() {
        let all = [Arc::new(reservation(42))];
        let expected = concat!(
            r#"{"items":[{"allocationId":"rsv-1-42-0","reservationId":"rsv-1-42","orderId":"O-1","#,
            r#""itemId":"tea","locationId":"north","quantity":2.5,"status":"ACTIVE","#,
            r#""expiresAt":"1970-01-01T00:15:00.000Z"}"#
        );
        let page = page_after(&all, None, 1);
        assert!(page.starts_with(expected), "{page}");
    }
}
