//! What holds for a position besides its figures: policy and home bin.

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::change::{Change, PolicyBefore, Terms};
use crate::command::Place;
use crate::draft::{Draft, Unknown};
use crate::ids::BinId;
use crate::policy::Policy;
use crate::rejection::Rejection;

/// Replaces the policy of a position; what it leaves open is the item's. Terms may be set before the
/// first goods come: they open the position.
pub(super) fn set_policy(
    mut draft: Draft<'_>,
    place: &Place,
    policy: Policy,
) -> Result<Box<Change>, Rejection> {
    let at = draft.find_place(place, Unknown::Refuse)?;
    let (item, _) = draft.place_of(at);
    let of_item = draft.item(item).map_or_else(Policy::default, crate::catalog::Item::policy);
    let mut before = None;
    change_terms(&mut draft, at, |terms| {
        before = Some(Box::new(PolicyBefore { own: terms.own, effective: terms.effective }));
        terms.own = policy;
        terms.effective = policy.or(of_item);
    });
    draft.change.policy_before = before;
    Ok(draft.finish())
}

/// Gives a position its home bin.
pub(super) fn assign_bin(
    mut draft: Draft<'_>,
    place: &Place,
    bin: &BinId,
) -> Result<Box<Change>, Rejection> {
    let at = draft.find_place(place, Unknown::Refuse)?;
    let (_, location) = draft.place_of(at);
    if !draft.stock.bins(location).iter().any(|held| held.id == *bin) {
        return Err(Rejection::UnknownBin { location: place.location.clone(), bin: bin.clone() });
    }
    change_terms(&mut draft, at, |terms| terms.bin = Some(bin.clone()));
    Ok(draft.finish())
}

fn change_terms(draft: &mut Draft<'_>, at: usize, change: impl FnOnce(&mut Terms)) {
    draft.show(at);
    let terms = draft.change.positions.get_mut(at).and_then(|held| held.terms.as_mut());
    change(Arc::make_mut(terms.expect("terms were attached just now")));
}
