//! Undoing what a movement did: by its opposite, with the same goods.

use onhand_domain::change::{MovementKind, MovementPlace};
use onhand_domain::command::Reverse;
use onhand_domain::layer::{Goods, Origin, Pick};
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;
use onhand_domain::time::Timestamp;

use super::shop::Key;
use super::step::{Booked, Step, quantity, short};
use super::worth::{money, share};

/// What is undone: a movement of a record, or part of it.
pub(super) struct Undone<'a> {
    pub(super) record: &'a Booked,
    pub(super) place: usize,
    /// How much of it was undone before.
    pub(super) before: i64,
    pub(super) amount: i64,
}

type Route = (Option<Bucket>, Option<Bucket>);

/// Whether a movement is undone by its opposite alone. What belongs to a promise, a shipment, a transfer
/// or a cost is undone there.
fn is_reversible(kind: MovementKind) -> bool {
    use MovementKind::{Adjustment, Count, Move, Receipt, Return, Sale};
    matches!(kind, Receipt | Sale | Adjustment | Count | Move | Return)
}

impl Step {
    pub(super) fn reverse(&mut self, wish: &Reverse) -> Result<(), Rejection> {
        let MovementPlace { sequence, place } = wish.movement;
        let record = self.model.records.get(&sequence).filter(|it| it.tenant == self.tenant);
        let record = record.cloned().ok_or(Rejection::UnknownTransaction)?;
        let at = usize::try_from(place).expect("small");
        let Some(booked) = record.moves.get(at).cloned() else {
            let names_record = at == 0 && record.has_positions;
            let nothing = Rejection::NotReversible(None);
            return Err(if names_record { nothing } else { Rejection::UnknownTransaction });
        };
        // A correction of what a count had seen goes with what it corrects.
        if !is_reversible(booked.kind) || booked.occurred_at.is_some() {
            return Err(Rejection::NotReversible(Some(booked.kind)));
        }
        if let Some(by) = self.model.reversed.get(&wish.movement) {
            return Err(Rejection::AlreadyReversed { by: *by });
        }
        if booked.amount == 0 {
            return Err(Rejection::NotReversible(None));
        }
        let key = booked.key.clone();
        self.go_home(&key.1);
        self.known_item(&key.0)?;
        if !self.shop().tracked(&key.0) {
            return Err(Rejection::NotTracked(key.0));
        }
        let was_corrected = record.moves.iter().any(|it| it.occurred_at.is_some());
        if let Some(bucket) = booked.to.filter(|_| !was_corrected) {
            let there = self.get(&key, bucket);
            if there < booked.amount {
                return Err(short(&key, booked.amount, there));
            }
        }
        let undo = |step: &mut Self, place: usize| {
            let it = &record.moves[place];
            let undone = Undone { record: &record, place, before: 0, amount: it.amount };
            step.undo(&key, MovementKind::Reversal, (it.to, it.from), undone)
        };
        undo(self, at)?;
        for (place, it) in record.moves.iter().enumerate() {
            if it.occurred_at.is_some() && it.key == key {
                undo(self, place)?;
            }
        }
        if let (MovementKind::Return, Some(order)) = (booked.kind, &record.order) {
            let of = (self.tenant.clone(), order.clone(), key.0.clone());
            *self.model.returned.entry(of).or_default() -= booked.amount;
        }
        self.model.reversed.insert(wish.movement, self.sequence);
        self.told.reverses = Some(wish.movement);
        Ok(())
    }

    /// Goods come back as the layers they were, or leave as they came; at their own cost.
    pub(super) fn undo(
        &mut self,
        key: &Key,
        kind: MovementKind,
        (from, to): Route,
        undone: Undone<'_>,
    ) -> Result<(), Rejection> {
        let (it, amount) = (&undone.record.moves[undone.place], undone.amount);
        self.touch(key);
        if from.map(Bucket::area) == to.map(Bucket::area) {
            return self.book(key, kind, (from, to), amount);
        }
        let value = money(share(i128::from(it.value.millionths()), amount, it.amount))?;
        let picks = match from {
            None => self.brought(&it.picks, undone.before, amount),
            Some(bucket) => self.pick_again(key, bucket, amount, &it.picks)?,
        };
        self.book_goods(key, (kind, (from, to), None), amount, picks, Some(value))?;
        self.limit_layers(key)
    }

    /// The goods that come back, behind those that came back before. What was not there when it left is a
    /// layer of this record.
    fn brought(&self, picks: &[Pick], before: i64, amount: i64) -> Vec<Pick> {
        let (mut skip, mut rest) = (before, amount);
        let mut brought = Vec::new();
        for pick in picks {
            let here = pick.quantity.millionths();
            let skipped = skip.min(here);
            let part = (here - skipped).min(rest);
            (skip, rest) = (skip - skipped, rest - part);
            if part == 0 {
                continue;
            }
            let origin = match &pick.goods {
                Goods::Layer(origin) => origin.clone(),
                Goods::Shortage(unit_cost) => Origin {
                    received_at: Timestamp::from_millis(self.now),
                    sequence: self.sequence,
                    unit_cost: *unit_cost,
                    ..Origin::default()
                },
            };
            // What was short is filled first, so that the layers come back as they were.
            let was_short = matches!(pick.goods, Goods::Shortage(_));
            let at = if was_short { 0 } else { brought.len() };
            let goods = Goods::Layer(origin);
            brought.insert(at, Pick { goods, quantity: quantity(part) });
        }
        assert_eq!(rest, 0, "goods consist of their picks");
        brought
    }
}
