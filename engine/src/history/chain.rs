//! The records of one position: each names the one before it, so they are a walk back through the log.

use onhand_domain::change::{Change, Movement, PositionChange};
use onhand_domain::position::{Figures, PositionNumber};
use onhand_storage::{LogError, ReadLog};

use super::Archive;
use super::rows::{kind, position_in};
use crate::recovery::read_change;
use crate::view::View;

/// A position as a record left it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// The record; 0: none. It may not be kept any more.
    pub(super) sequence: u64,
    pub(super) figures: Figures,
    pub(super) version: u32,
}

/// As the view shows it now.
pub(super) fn now(view: &View, number: PositionNumber) -> Standing {
    let shown = view.position_by_number(number);
    shown.map_or(Standing { sequence: 0, figures: Figures::default(), version: 0 }, |shown| {
        Standing { sequence: shown.sequence, figures: shown.figures, version: shown.version }
    })
}

/// Figures without a movement that they contain.
pub(super) fn undone(figures: Figures, movement: &Movement) -> Figures {
    // Figures of records do not overflow; of what cannot be so, the ledger still shows something.
    figures.moved(movement.to, movement.from, movement.quantity).unwrap_or(figures)
}

/// Figures with a movement that they do not contain.
pub(super) fn redone(figures: Figures, movement: &Movement) -> Figures {
    figures.moved(movement.from, movement.to, movement.quantity).unwrap_or(figures)
}

/// The movements of a record at a position, and their places in the record.
pub(super) fn movements_at(
    change: &Change,
    number: PositionNumber,
) -> impl Iterator<Item = &Movement> {
    let at = change.positions.iter().position(|held| held.position == number);
    let is_there =
        move |movement: &&Movement| usize::try_from(movement.position).ok() == at && at.is_some();
    change.movements.iter().filter(is_there)
}

/// A position as it stood before a record.
fn before(change: &Change, held: &PositionChange) -> Standing {
    Standing {
        sequence: held.previous,
        figures: movements_at(change, held.position).fold(held.figures, undone),
        version: held.version.saturating_sub(1),
    }
}

impl Archive {
    /// A position as the last record below `bound` left it; `now` is how it stands now. Reads as many
    /// records as lie between two rows of the index.
    pub(super) fn standing_before(
        &self,
        log: &dyn ReadLog,
        number: PositionNumber,
        now: Standing,
        bound: u64,
    ) -> Result<Standing, LogError> {
        if now.sequence < bound {
            return Ok(now);
        }
        let skip = self.first_from(kind::SKIP, number.into(), bound)?;
        let mut next = skip.filter(|skip| *skip < now.sequence).unwrap_or(now.sequence);
        let mut standing = now;
        while next >= bound {
            let Some(change) = read_change(log, next)? else { break };
            let Some(held) = position_in(&change, number) else { break };
            standing = before(&change, held);
            next = standing.sequence;
        }
        Ok(standing)
    }
}
