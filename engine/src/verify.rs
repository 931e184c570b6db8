//! Proof: the chain of the log, and that memory is what the log says.
//!
//! On a stopped directory memory is built twice, from the first kept record (or the opening before it) and
//! from the checkpoints, and both must agree; beside a running engine see `running`. What the rules promise
//! about sums is checked on it.

mod difference;
pub mod running;

use std::collections::HashMap;

use onhand_domain::change::Change;
use onhand_domain::position::{Bucket, PositionNumber};
use onhand_domain::quantity::Quantity;
use onhand_domain::stock::{Rules, Stock};
use onhand_storage::{ChainReport, DataDirectory, ReadLog, RecordRef, StorageConfig, verify_chain};

use crate::error::StartError;
use crate::record;
use crate::recovery::{recover_directory, recover_to};

/// At most so many contradictions are listed.
const FINDINGS_MAX: usize = 100;

/// What the memory that the log makes was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// Nothing but its own sums.
    Nothing,
    /// The memory of the running engine.
    Memory,
    /// The memory that a start would make from the checkpoints and the log behind them.
    Checkpoints,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The log.
    pub chain: ChainReport,
    /// Positions that were compared.
    pub positions: u32,
    /// Open reservations that were compared.
    pub open_reservations: u32,
    /// Records that a start would replay.
    pub to_replay: u64,
    /// What memory was compared with.
    pub compared: Compared,
    /// What contradicts what; empty when all is well. At most a hundred are listed.
    pub findings: Vec<String>,
}

/// Walks the log, builds memory twice, compares, and checks the sums.
///
/// # Errors
/// The directory cannot be opened, or the log or a checkpoint cannot be read.
pub fn verify(
    config: StorageConfig,
    on_progress: &mut dyn FnMut(&ChainReport),
) -> Result<Report, StartError> {
    verify_with(&DataDirectory::open_to_verify(config)?, on_progress)
}

/// [`verify()`] on a directory that was opened to be verified.
///
/// # Errors
/// The log or a checkpoint cannot be read.
pub fn verify_with(
    directory: &DataDirectory,
    on_progress: &mut dyn FnMut(&ChainReport),
) -> Result<Report, StartError> {
    let chain = verify_chain(directory, on_progress)?;
    let log = directory.open_reader()?;
    let rules = Rules { partitions: directory.partitions(), ..Rules::default() };
    let mut proof = Proof::begin(directory, rules, &log)?;
    proof.walk(&log)?;
    proof.check_sums();
    proof.check_end(directory, chain.last);
    let recovered = recover_directory(|| Stock::new(rules, 0), directory, &log)?;
    proof.compare(&recovered.stock);
    Ok(Report {
        chain,
        positions: proof.stock.sizes().positions,
        open_reservations: proof.stock.promises().open_count(),
        to_replay: recovered.replayed,
        compared: Compared::Checkpoints,
        findings: proof.findings,
    })
}

/// Memory as the log says it is, with the sums of all movements.
struct Proof {
    stock: Stock,
    on_hand: HashMap<PositionNumber, Quantity>,
    findings: Vec<String>,
}

impl Proof {
    /// Nothing, or what the opening says when the first segments have gone.
    fn begin(
        directory: &DataDirectory,
        rules: Rules,
        log: &dyn ReadLog,
    ) -> Result<Self, StartError> {
        let mut proof = Self::new(rules);
        let Some(opening) = directory.opening() else { return Ok(proof) };
        let state = directory.opening_state();
        proof.stock = recover_to(proof.stock, &state, log, opening.sequence, &|| true)?.stock;
        for number in 0..proof.stock.sizes().positions {
            if let Some(position) = proof.stock.position(number) {
                proof.on_hand.insert(number, position.figures().on_hand());
            }
        }
        Ok(proof)
    }

    fn new(rules: Rules) -> Self {
        Self { stock: Stock::new(rules, 0), on_hand: HashMap::new(), findings: Vec::new() }
    }

    fn find(&mut self, finding: impl FnOnce() -> String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding());
        }
    }

    fn walk(&mut self, log: &dyn ReadLog) -> Result<(), StartError> {
        let mut cursor = log.frames_from(log.earliest_sequence());
        while let Some(frame) = cursor.next_frame()? {
            for stored in frame.records() {
                self.take(&stored)?;
            }
        }
        Ok(())
    }

    /// Checks the next record and applies it.
    fn take(&mut self, stored: &RecordRef<'_>) -> Result<(), StartError> {
        let sequence = stored.sequence;
        let change = record::decode(stored.kind, stored.version, sequence, stored.payload)
            .map_err(|error| StartError::Undecodable { sequence, what: error.to_string() })?;
        self.check_versions(&change, sequence);
        self.add(&change, sequence);
        self.stock.apply(&change, sequence);
        self.stock.forget(change.at, usize::MAX, u64::MAX);
        Ok(())
    }

    /// A record raises the version of every position it changes by one, and names the record before.
    fn check_versions(&mut self, change: &Change, sequence: u64) {
        for after in &change.positions {
            let before = self.stock.position(after.position);
            let (version, previous) = before.map_or((0, 0), |held| (held.version, held.sequence));
            if after.version != version.saturating_add(1) || after.previous != previous {
                self.find(|| {
                    format!(
                        "record {sequence}: position {} goes from version {version} (record {previous}) \
                         to {} (record {})",
                        after.position, after.version, after.previous
                    )
                });
            }
        }
    }

    /// On hand is the sum of what came in and went out.
    fn add(&mut self, change: &Change, sequence: u64) {
        for movement in &change.movements {
            let Some(after) = change.positions.get(movement.position as usize) else {
                self.find(|| format!("record {sequence}: a movement belongs to no position"));
                continue;
            };
            let sum = self.on_hand.entry(after.position).or_default();
            let is_on_hand = |bucket: Option<Bucket>| bucket.is_some_and(Bucket::is_on_hand);
            // What stays on hand is left out: adding it first may not fit.
            match (is_on_hand(movement.from), is_on_hand(movement.to)) {
                (false, true) => *sum = sum.saturating_add(movement.quantity),
                (true, false) => *sum = sum.saturating_sub(movement.quantity),
                _ => {}
            }
        }
    }

    /// The log reaches as far as the last process knew that it did.
    fn check_end(&mut self, directory: &DataDirectory, last: u64) {
        if let Some(known) = directory.high_water().filter(|known| known.sequence > last) {
            let sequence = known.sequence;
            self.find(|| format!("the log ends at {last}, but record {sequence} was durable"));
        }
    }

    fn check_sums(&mut self) {
        let mut promised: HashMap<PositionNumber, Quantity> = HashMap::new();
        for (_, held) in self.stock.promises().slots_from(0) {
            if !held.status.is_open() {
                continue;
            }
            for line in &held.lines {
                if let (Some(position), onhand_domain::reservation::Holding::Stock) =
                    (line.position, line.holding)
                {
                    let sum = promised.entry(position).or_default();
                    *sum = sum.saturating_add(line.open());
                }
            }
        }
        for number in 0..self.stock.sizes().positions {
            let Some(position) = self.stock.position(number) else {
                self.find(|| format!("position {number} was never opened"));
                continue;
            };
            let figures = position.figures();
            let moved = self.on_hand.get(&number).copied().unwrap_or_default();
            let held = promised.get(&number).copied().unwrap_or_default();
            if figures.on_hand() != moved {
                self.find(|| {
                    format!(
                        "position {number}: on hand {} but movements sum to {moved}",
                        figures.on_hand()
                    )
                });
            }
            if figures.promised() != held {
                self.find(|| {
                    format!(
                        "position {number}: promised {} but open lines sum to {held}",
                        figures.promised()
                    )
                });
            }
            let others = [
                figures.reserved,
                figures.committed,
                figures.damaged,
                figures.quality_hold,
                figures.in_transit,
            ];
            if others.iter().any(|quantity| quantity.is_negative()) {
                self.find(|| {
                    format!("position {number}: a bucket other than available is below zero")
                });
            }
        }
    }

    /// What a start would have in memory must be what the log says.
    fn compare(&mut self, recovered: &Stock) {
        let (ours, theirs) = (self.stock.sizes(), recovered.sizes());
        if ours != theirs {
            self.find(|| format!("the log makes {ours:?}, the checkpoints {theirs:?}"));
        }
        for number in 0..ours.positions {
            let (mine, other) = (self.stock.position(number), recovered.position(number));
            for found in difference::of_positions(mine, other, "the checkpoints") {
                let name = difference::name_of(&self.stock, number);
                self.find(|| format!("{name}: {found}"));
            }
        }
        for number in 0..ours.items {
            if self.stock.item(number) != recovered.item(number) {
                self.find(|| format!("item {number} differs between log and checkpoint"));
            }
        }
        for number in 0..ours.locations {
            let (mine, other) = (&self.stock, recovered);
            if mine.location(number) != other.location(number)
                || mine.bins(number) != other.bins(number)
            {
                self.find(|| format!("location {number} differs between log and checkpoint"));
            }
        }
        if self.stock.promises().open_count() != recovered.promises().open_count() {
            self.find(|| {
                "the number of open reservations differs between log and checkpoint".to_owned()
            });
        }
        let open: Vec<_> =
            self.stock.promises().slots_from(0).map(|(_, held)| held.clone()).collect();
        for held in open.iter().filter(|held| held.status.is_open()) {
            if recovered.promises().reservation(held.number) != Some(held) {
                self.find(|| {
                    format!("reservation {} differs between log and checkpoint", held.number)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use onhand_domain::change::{Cause, Movement, MovementKind, PositionChange};
    use onhand_domain::time::Timestamp;

    use super::*;

    fn moved(
        kind: MovementKind,
        from: Option<Bucket>,
        to: Option<Bucket>,
        quantity: i64,
    ) -> Movement {
        Movement::plain(0, kind, from, to, Quantity::from_millionths(quantity))
    }

    #[test]
    fn figures_near_the_end_of_what_fits_are_summed_exactly() {
        let mut proof = Proof {
            stock: Stock::new(Rules::default(), 0),
            on_hand: HashMap::new(),
            findings: Vec::new(),
        };
        let mut change = Change::new(Cause::Received, Timestamp::default(), 0);
        change.positions.push(PositionChange {
            position: 7,
            opened: None,
            version: 1,
            previous: 0,
            figures: onhand_domain::position::Figures::default(),
            sellable: None,
            alarms: onhand_domain::position::Alarms::default(),
            raised: onhand_domain::change::Raised::default(),
            threshold: None,
            terms: None,
            average: None,
        });
        let (available, reserved) = (Some(Bucket::Available), Some(Bucket::Reserved));
        change.movements = vec![
            moved(MovementKind::Receipt, None, available, i64::MAX - 1),
            moved(MovementKind::Reserve, available, reserved, i64::MAX / 2 + 2),
            moved(MovementKind::Sale, available, None, 5),
        ];
        proof.add(&change, 1);
        assert_eq!(proof.on_hand[&7], Quantity::from_millionths(i64::MAX - 6));
    }
}
