//! Importing files: rows become commands, each acted on once however often the file is read.
//!
//! A file is a source. Its stream is the hash of the file, the offset of a row is its line. Of the
//! partitions of the stream, 0 has the rows that move stock, 1 says up to which line all is done, 2 the
//! record at which it began, 3 and 4 the rows of which something else was refused. So whatever is killed,
//! and whenever: the log knows which lines were acted on, and why others were not. A line that the log
//! says was refused must not be sent again.
//!
//! Reading order: `row` (a line as wishes and a movement), `wishes` (what is merged into what is known),
//! `slice` (acting on some rows), `standing` (how far a file has come).

pub(crate) mod row;
pub(crate) mod slice;
pub(crate) mod standing;
pub(crate) mod wishes;

use onhand_domain::consumed::SourcePosition;
use onhand_domain::ids::Text;
use onhand_domain::sources::FIRST_GENERATION;
use onhand_engine::view::View;

use crate::http::problem::Problem;

/// Most rows of a slice.
pub(crate) const ROWS_MAX: usize = 4_096;

/// What a partition of an import's stream tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Rows that move stock, or open a position.
    Stock = 0,
    /// Lines up to which everything is done.
    Settled = 1,
    /// Where it began: offset 0.
    Began = 2,
    /// Rows whose item, location or bin was refused: their stock was not booked.
    Refused = 3,
    /// Rows whose stock was booked, and whose policy or home bin was refused.
    Terms = 4,
}

/// The stream of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream(Text);

impl Stream {
    /// Of the hash of a file: 64 hexadecimal digits.
    pub(crate) fn parse(hash: &str) -> Option<Self> {
        let is_hash =
            hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| Text::parse(&format!("import/{hash}")).ok()).flatten().map(Self)
    }

    /// Its name among the sources.
    pub(crate) fn name(&self) -> &Text {
        &self.0
    }

    fn at(&self, lane: Lane, offset: u64) -> SourcePosition {
        SourcePosition {
            stream: self.0.clone(),
            partition: lane as u32,
            generation: FIRST_GENERATION,
            offset,
            checksum: None,
        }
    }

    /// The last line of a lane; 0: none.
    fn line(&self, view: &View, lane: Lane) -> u64 {
        view.source_mark(&self.0, lane as u32).map_or(0, |mark| mark.last.offset)
    }
}

/// A row that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its line.
    pub(crate) line: u64,
    /// The word clients match on.
    pub(crate) code: String,
    /// Why, for people.
    pub(crate) detail: String,
    /// Whether its stock was booked all the same: only what it says besides was refused.
    pub(crate) is_booked: bool,
}

impl Refused {
    /// Because of a problem.
    pub(crate) fn of(line: u64, problem: &Problem) -> Self {
        let (code, detail) = (problem.code().word().to_owned(), problem.detail().to_owned());
        Self { line, code, detail, is_booked: false }
    }
}
