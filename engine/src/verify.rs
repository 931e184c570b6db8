//! Proof: the chain of the log, and that memory is what the log says.
//!
//! On a stopped directory memory is built twice, from the first kept record (or the opening before it) and
//! from the checkpoints, and both must agree; beside a running engine see `running`. What the rules promise
//! about sums is checked on it.

mod difference;
pub mod running;
mod sums;

use onhand_domain::change::Change;
use onhand_domain::stock::{Rules, Stock};
use onhand_storage::{ChainReport, DataDirectory, ReadLog, RecordRef, StorageConfig, verify_chain};

use crate::error::StartError;
use crate::record;
use crate::recovery::{recover_directory, recover_to};
use sums::Sums;

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
    sums: Sums,
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
        proof.sums = Sums::begin(&proof.stock);
        Ok(proof)
    }

    fn new(rules: Rules) -> Self {
        Self { stock: Stock::new(rules, 0), sums: Sums::default(), findings: Vec::new() }
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
        if !self.sums.add(&change) {
            self.find(|| format!("record {sequence}: a movement belongs to no position"));
        }
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

    /// The log reaches as far as the last process knew that it did.
    fn check_end(&mut self, directory: &DataDirectory, last: u64) {
        if let Some(known) = directory.high_water().filter(|known| known.sequence > last) {
            let sequence = known.sequence;
            self.find(|| format!("the log ends at {last}, but record {sequence} was durable"));
        }
    }

    fn check_sums(&mut self) {
        let findings = &mut self.findings;
        self.sums.check(&self.stock, &mut |finding| {
            if findings.len() < FINDINGS_MAX {
                findings.push(finding);
            }
        });
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
