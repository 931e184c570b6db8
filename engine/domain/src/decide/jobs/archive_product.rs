//! Archives the items of a product, each by itself; one that has stock is left as it is.

use super::{Next, Turn, reason_of};
use crate::catalog::{Item, Standing};
use crate::change::Cause;
use crate::decide::catalog::archive_item;
use crate::ids::Reference;

/// Places are numbers of items.
pub(super) fn next(turn: &Turn<'_>, product: &Reference) -> Next {
    let last = turn.stock.sizes().items;
    let first = u32::try_from(turn.cursor.place).unwrap_or(u32::MAX);
    let most = first.saturating_add(u32::try_from(turn.looks).unwrap_or(u32::MAX)).min(last);
    let mut cursor = turn.cursor;
    for number in first..most {
        cursor.place = u64::from(number).saturating_add(1);
        let Some(item) = turn.stock.item(number).filter(|item| is_meant(turn, item, product))
        else {
            continue;
        };
        let mut draft = turn.draft(Cause::ItemArchived);
        draft.change.detail = reason_of(turn.job.reason.as_ref());
        match archive_item(draft, &item.id) {
            Ok(change) => return Next::Do(change, 1, cursor),
            Err(_has_stock) => cursor.left = cursor.left.saturating_add(1),
        }
    }
    if most < last { Next::Looked(cursor) } else { Next::Nothing(cursor) }
}

fn is_meant(turn: &Turn<'_>, item: &Item, product: &Reference) -> bool {
    let of = item.attributes.as_ref().and_then(|attributes| attributes.product.as_ref());
    item.tenant == turn.job.tenant && item.standing == Standing::Current && of == Some(product)
}
