//! Dead letters, and events of an application.

use std::sync::Arc;

use onhand_domain::command::Action;
use onhand_domain::dead_letter::{Fault, LetterStatus, Unsent};
use onhand_domain::ids::Text;
use onhand_domain::upkeep::{
    ApplicationEvent, Bury, PUBLISHED_BYTES_MAX, PUBLISHED_MAX, Retry, Upkeep,
};

use super::{Known, MESSAGES};
use crate::dice::Dice;
use crate::world;

fn wish(upkeep: Upkeep) -> Action {
    Action::Upkeep(Box::new(upkeep))
}

fn fault() -> Fault {
    Fault::of("UNREADABLE", "it is not JSON")
}

pub(super) fn publish(dice: &mut Dice, _: &Known<'_>) -> Action {
    let (count, bytes) = match dice.below(6) {
        0 => (PUBLISHED_MAX as usize + 1, 2),
        1 => (1, PUBLISHED_BYTES_MAX + 1),
        2 => (9, PUBLISHED_BYTES_MAX),
        _ => (1 + dice.small(3), 2 + dice.small(90)),
    };
    let event = ApplicationEvent {
        event_type: Text::trusted("BasketLeft"),
        aggregate_type: Text::trusted("Basket"),
        aggregate_id: Text::trusted("basket-1"),
        aggregate_version: 0,
        occurred_at: None,
        payload: Arc::from("x".repeat(bytes)),
    };
    wish(Upkeep::Publish(vec![event; count]))
}

/// The consumer cannot read a message: it asks for a dead letter.
pub(super) fn unreadable(_: &mut Dice, _: &Known<'_>) -> Action {
    wish(Upkeep::Bury(Bury { fault: fault(), attempts: 1, first_failed_at: None, unsent: None }))
}

/// An operator, or the bridge, does something about a dead letter.
pub(crate) fn letter(dice: &mut Dice, known: &Known<'_>) -> Action {
    let all = known.model.letters.iter();
    let found = if dice.once_in(4) {
        dice.pick_any(all)
    } else {
        dice.pick_any(all.filter(|(_, held)| held.status == LetterStatus::Open))
    };
    let letter = found.map_or_else(|| 1 + dice.below(known.model.sequence + 9), |(n, _)| *n);
    match dice.below(10) {
        0 => wish(Upkeep::Bury(Bury {
            fault: fault(),
            attempts: u32::from(dice.once_in(2)) * 3,
            first_failed_at: None,
            unsent: Some((
                Unsent {
                    sink: Text::trusted("kafka"),
                    topic: Text::trusted("stock"),
                    event_id: Text::trusted("e-1"),
                    event_type: Text::trusted("StockLevelChanged"),
                    sequence: known.model.sequence.max(1),
                    index: 0,
                },
                None,
            )),
        })),
        1 => wish(Upkeep::Retry { letter, with: Retry::Done }),
        2 => wish(Upkeep::Retry { letter, with: Retry::Failed(fault()) }),
        3..6 => {
            let reason = Some(world::text(dice));
            wish(Upkeep::Discard { letter, reason })
        }
        _ => {
            let mut action = dice.weighted(MESSAGES)(dice, known);
            // The bridge asks only for what a message can ask of the stock.
            while matches!(action, Action::Upkeep(_)) {
                action = dice.weighted(MESSAGES)(dice, known);
            }
            wish(Upkeep::Retry { letter, with: Retry::Act(Box::new(action), None) })
        }
    }
}
