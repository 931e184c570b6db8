//! Why something cannot be put right in this way, in words.

use onhand_domain::change::MovementKind;
use onhand_domain::rejection::Rejection;

/// What people read when a shipment or a movement cannot be undone.
pub(super) fn detail_of(rejection: &Rejection) -> String {
    let words = match rejection {
        Rejection::UnknownShipment => "the reservation has no such shipment",
        Rejection::ShipmentUndone => "the shipment was taken back",
        Rejection::UnknownTransaction => "there is no such movement",
        Rejection::AlreadyReversed { .. } => "the movement was reversed before",
        Rejection::NotReversible(kind) => irreversible(*kind),
        Rejection::ExceedsFulfilled { item, requested, fulfilled } => {
            return format!(
                "{fulfilled} of item `{item}` were shipped from there, less than {requested}"
            );
        }
        _ => "it cannot be undone",
    };
    words.into()
}

/// What undoes a movement that is not undone by a reversal.
const fn irreversible(kind: Option<MovementKind>) -> &'static str {
    match kind {
        None => "nothing was moved, so nothing can be reversed",
        Some(MovementKind::TransferOut | MovementKind::TransferIn) => {
            "a transfer is undone by cancelling it, or by another one back"
        }
        Some(MovementKind::Reserve | MovementKind::Confirm) => {
            "a promise is undone by cancelling its reservation"
        }
        Some(MovementKind::Release) => "what was released is promised anew by a reservation",
        Some(MovementKind::Fulfil) => "a shipment is undone by `unfulfil` of its reservation",
        Some(MovementKind::Unfulfil) => "what was put back is shipped anew by `fulfil`",
        Some(MovementKind::Expired) => "what has expired is moved, or promised anew",
        Some(MovementKind::Reversal) => "a reversal is final: book the movement anew",
        Some(MovementKind::Revaluation) => "a revaluation is undone by another one",
        Some(_) => "this movement cannot be reversed",
    }
}
