//! An import from beginning to end.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use onhand_domain::ids::TenantId;

use super::file::{FileRow, Original, Rows};
use super::rejects::{Reject, Rejects};
use super::target::{SliceRow, Target, Trouble};
use crate::cli::progress;
use crate::exit::Stop;
use crate::import::row::Row;
use crate::import::slice::Done;
use crate::import::{ROWS_MAX, Refused, Stream};

/// Most bytes of a slice, well below what the server takes.
const SLICE_BYTES_MAX: usize = 4 << 20;
/// Pause before a slice is sent again.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSES_PER_SECOND: u32 = 4;

/// What became of the rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Summary {
    /// Rows of the file.
    pub(super) rows: u64,
    /// Rows that are in.
    pub(super) done: u64,
    /// Those of them that an earlier run had brought in.
    pub(super) before: u64,
    /// Rows that are not.
    pub(super) rejected: u64,
    /// Where these are.
    pub(super) rejects: Option<PathBuf>,
}

/// What an import is made of.
pub(super) struct Runner {
    target: Target,
    stream: Stream,
    tenant: TenantId,
    rejects: Rejects,
    pauses_max: u32,
    /// Lines that the log says were refused.
    refused: HashMap<u64, Refused>,
    /// Up to this record the log was searched for them.
    seen: u64,
    slice: Vec<SliceRow>,
    slice_bytes: usize,
    /// The rows of the slice as they stand in the file, and those that were rejected among them.
    pending: Vec<Pending>,
    rows: u64,
    done: u64,
    before: u64,
}

/// A row whose fate is told with its slice, so that rejected rows stand in the order of the file.
struct Pending {
    line: u64,
    original: Original,
    reason: Option<String>,
    is_booked: bool,
}

impl Runner {
    pub(super) fn new(
        target: Target,
        stream: Stream,
        tenant: TenantId,
        rejects: Rejects,
        wait_seconds: u32,
    ) -> Self {
        Self {
            target,
            stream,
            tenant,
            rejects,
            pauses_max: wait_seconds.saturating_mul(PAUSES_PER_SECOND),
            refused: HashMap::new(),
            seen: 0,
            slice: Vec::new(),
            slice_bytes: 0,
            pending: Vec::new(),
            rows: 0,
            done: 0,
            before: 0,
        }
    }

    /// Reads the file to its end and sends what is not in yet.
    pub(super) fn run(mut self, mut rows: Rows) -> Result<Summary, Stop> {
        let settled = self.catch_up()?;
        let bar = progress::bytes(rows.bytes, "importing");
        while let Some(row) = rows.next()? {
            self.take(row, settled);
            if self.pending.len() >= ROWS_MAX || self.slice_bytes >= SLICE_BYTES_MAX {
                self.flush()?;
                bar.set_position(rows.at());
            }
        }
        self.flush()?;
        bar.finish_and_clear();
        self.target.end()?;
        let rejected = self.rejects.count;
        let rejects = self.rejects.end()?;
        Ok(Summary { rows: self.rows, done: self.done, before: self.before, rejected, rejects })
    }

    fn take(&mut self, row: FileRow, settled: u64) {
        self.rows += 1;
        let FileRow { line, original, json } = row;
        let checked = json.and_then(|json| match Row::parse(&json, &self.tenant) {
            Ok(_) => Ok(json),
            Err(problem) => Err(format!("{}: {}", problem.code().word(), problem.detail())),
        });
        let mut pending = Pending { line, original, reason: None, is_booked: false };
        match checked {
            Err(reason) => pending.reason = Some(reason),
            Ok(_) if self.refused.contains_key(&line) => {
                let refused = self.refused.remove(&line).expect("it was found just now");
                pending.reject(&refused);
            }
            Ok(_) if line <= settled => {
                self.done += 1;
                self.before += 1;
            }
            Ok(json) => {
                self.slice_bytes += json.len();
                self.slice.push(SliceRow { line, json });
            }
        }
        self.pending.push(pending);
    }

    /// Sends the slice until it is in, and writes down what was rejected of it.
    fn flush(&mut self) -> Result<(), Stop> {
        if !self.slice.is_empty() {
            let done = self.send()?;
            self.done += done.acted + done.passed;
            let lines: HashMap<u64, Refused> =
                done.refused.into_iter().map(|refused| (refused.line, refused)).collect();
            for pending in &mut self.pending {
                if let Some(refused) = lines.get(&pending.line) {
                    pending.reject(refused);
                }
            }
        }
        self.slice.clear();
        self.slice_bytes = 0;
        for pending in self.pending.drain(..) {
            let Pending { line, original, reason, is_booked } = pending;
            if let Some(reason) = reason {
                self.rejects.put(&Reject { line, original, reason, is_booked })?;
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<Done, Stop> {
        let mut pauses = 0;
        let mut refused = Vec::new();
        loop {
            let sent = self.target.act(&self.stream, &self.tenant, &self.slice);
            let stop = match sent {
                Ok(mut done) if done.passed > 0 => match self.look() {
                    Ok(_) => {
                        self.find_passed(&mut done);
                        done.refused.extend(refused);
                        return Ok(done);
                    }
                    Err(Trouble::Never(stop)) => return Err(stop),
                    Err(Trouble::Later(stop)) => stop,
                },
                Ok(mut done) => {
                    done.refused.extend(refused);
                    return Ok(done);
                }
                Err(Trouble::Never(stop)) => return Err(stop),
                Err(Trouble::Later(stop)) => stop,
            };
            if pauses == 0 {
                eprintln!("{}; trying again", stop.message);
            }
            loop {
                if pauses >= self.pauses_max {
                    let message = format!(
                        "{}; what is in stays in: the same command goes on from there",
                        stop.message
                    );
                    return Err(Stop { message, ..stop });
                }
                pauses += 1;
                std::thread::sleep(PAUSE);
                // Of what we did not hear an answer to, the log tells what was refused.
                match self.look() {
                    Ok(_) => break,
                    Err(Trouble::Never(stop)) => return Err(stop),
                    Err(Trouble::Later(_)) => {}
                }
            }
            let found = &mut self.refused;
            self.slice.retain(|row| match found.remove(&row.line) {
                Some(known) => {
                    refused.push(known);
                    false
                }
                None => true,
            });
        }
    }

    /// A slice that somebody else had sent before us, such as a run that was killed, may have been acted
    /// on since we looked: of the rows that were passed over, the log tells which were refused.
    fn find_passed(&mut self, done: &mut Done) {
        let told: HashSet<u64> = done.refused.iter().map(|refused| refused.line).collect();
        for row in &self.slice {
            let Some(refused) = self.refused.remove(&row.line) else { continue };
            if !told.contains(&row.line) {
                done.passed = done.passed.saturating_sub(1);
                done.refused.push(refused);
            }
        }
    }

    /// How far an earlier run has come.
    fn catch_up(&mut self) -> Result<u64, Stop> {
        self.look().map_err(|trouble| match trouble {
            Trouble::Later(stop) | Trouble::Never(stop) => stop,
        })
    }

    /// Reads what the log says since the last look; returns the line up to which everything is done.
    fn look(&mut self) -> Result<u64, Trouble> {
        loop {
            let standing = self.target.standing(&self.stream, self.seen)?;
            self.seen = standing.seen;
            let found = standing.refused.into_iter().map(|refused| (refused.line, refused));
            self.refused.extend(found);
            if standing.next.is_none() {
                return Ok(standing.settled);
            }
        }
    }
}

impl Pending {
    fn reject(&mut self, refused: &Refused) {
        let Refused { code, detail, is_booked, .. } = refused;
        self.reason = Some(format!("{code}: {detail}"));
        self.is_booked = *is_booked;
    }
}
