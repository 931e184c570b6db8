//! Lines that name the same thing are one line: their quantities are summed before anything is decided.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::command::{Place, ReleasedLine, RequestedLine, ShippedLine, Wanted};
use crate::ids::{ItemId, LocationId, LotNumber};
use crate::quantity::Quantity;
use crate::rejection::Rejection;

/// So few are compared with each other; more are sorted.
const FEW: usize = 16;

/// A line that can be summed with another one of the same name.
pub(crate) trait Summable: Clone {
    /// What it names.
    type Name<'a>: Ord
    where
        Self: 'a;

    fn name(&self) -> Self::Name<'_>;
    fn quantity(&mut self) -> &mut Quantity;
}

/// One line per name, in the order of their first appearance. Copies only when something is summed.
pub(crate) fn summed<L: Summable>(lines: &[L]) -> Result<Cow<'_, [L]>, Rejection> {
    if are_distinct(lines) {
        return Ok(Cow::Borrowed(lines));
    }
    let mut sums: Vec<L> = Vec::with_capacity(lines.len());
    let mut places: BTreeMap<L::Name<'_>, usize> = BTreeMap::new();
    for line in lines {
        let place = *places.entry(line.name()).or_insert(sums.len());
        let Some(held) = sums.get_mut(place) else {
            sums.push(line.clone());
            continue;
        };
        let more = *line.clone().quantity();
        let sum = held.quantity().checked_add(more).ok_or(Rejection::QuantityOverflow)?;
        *held.quantity() = sum;
    }
    Ok(Cow::Owned(sums))
}

fn are_distinct<L: Summable>(lines: &[L]) -> bool {
    if lines.len() <= FEW {
        let mut rest = lines.iter();
        while let Some(line) = rest.next() {
            if rest.clone().any(|other| other.name() == line.name()) {
                return false;
            }
        }
        return true;
    }
    let mut names: Vec<_> = lines.iter().map(Summable::name).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair.first() != pair.last())
}

impl Summable for RequestedLine {
    type Name<'a> = (&'a ItemId, &'a Wanted, Option<&'a LotNumber>);

    fn name(&self) -> Self::Name<'_> {
        (&self.item, &self.wanted, self.lot.as_ref())
    }

    fn quantity(&mut self) -> &mut Quantity {
        &mut self.quantity
    }
}

impl Summable for ShippedLine {
    type Name<'a> = (&'a Place, Option<&'a LotNumber>);

    fn name(&self) -> Self::Name<'_> {
        (&self.place, self.lot.as_ref())
    }

    fn quantity(&mut self) -> &mut Quantity {
        &mut self.quantity
    }
}

impl Summable for ReleasedLine {
    type Name<'a> = (&'a ItemId, Option<&'a LocationId>, Option<&'a LotNumber>);

    fn name(&self) -> Self::Name<'_> {
        (&self.item, self.location.as_ref(), self.lot.as_ref())
    }

    fn quantity(&mut self) -> &mut Quantity {
        &mut self.quantity
    }
}
