//! More than there may be: layers of one position, and jobs.

use std::sync::Arc;

use onhand_domain::catalog::LocationAttributes;
use onhand_domain::command::{Action, Count, Detail, Place, StartJob, StockEntry, WishedTask};
use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference};
use onhand_domain::limits::JOBS_MAX;
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;

use super::{Known, goods, told};
use crate::dice::Dice;
use crate::world;

/// A few more than a position may have.
const LAYERS: u64 = 1_010;

fn place() -> Place {
    Place { item: ItemId::trusted("crowd"), location: LocationId::trusted("north") }
}

fn receipt(detail: Detail) -> Action {
    let quantity = Quantity::units(3);
    Action::Receive(StockEntry { place: place(), quantity, detail: told(detail) })
}

/// Lots one after the other, some goods without a number among them; then a lot more, as a wish and as a
/// fact; then jobs that find nothing to do.
pub(crate) fn too_many(dice: &mut Dice, known: &Known<'_>) -> Vec<Action> {
    let Place { item, location } = place();
    let mut actions = vec![
        Action::PutLocation { location, attributes: LocationAttributes::default() },
        Action::PutItem { item: item.clone(), attributes: Arc::default() },
    ];
    for number in 0..LAYERS {
        let is_nameless = dice.once_in(8);
        let mut detail = goods(dice, known, &item);
        let lot = LotNumber::trusted(&format!("crowd-{number}"));
        detail.lot = (!is_nameless).then_some(lot);
        // Some lie so close to each other that they are told apart by their records only.
        let past = known.now - dice.signed(50);
        detail.occurred_at = is_nameless.then_some(Timestamp::from_millis(past));
        detail.expiry = detail.expiry.filter(|_| !is_nameless);
        actions.push(receipt(detail));
    }
    let one_more = Detail { lot: Some(world::lot(dice)), ..Detail::default() };
    actions.push(receipt(one_more.clone()));
    actions.push(Action::Count(Count {
        place: place(),
        counted: Quantity::units(9_000),
        expected_version: None,
        detail: told(one_more),
    }));
    let task = WishedTask::ArchiveProduct(Reference::trusted("nothing"));
    let job = Action::StartJob(Box::new(StartJob { task, detail: None }));
    actions.extend(std::iter::repeat_n(job, JOBS_MAX as usize + 1));
    actions
}
