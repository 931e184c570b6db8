//! Walking the whole log to prove that it is what was written.

use crate::directory::DataDirectory;
use crate::error::LogError;
use crate::frame::FrameHash;

/// What a walk over the whole log found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// Segments that hold records.
    pub segments: u32,
    /// Frames walked so far.
    pub frames: u64,
    /// Records walked so far.
    pub records: u64,
    /// Bytes of the frames walked so far.
    pub bytes: u64,
    /// Sequence of the first record; 0 in an empty log.
    pub first: u64,
    /// Sequence of the last record walked; 0 in an empty log.
    pub last: u64,
    /// Hash of the last frame walked; of an empty log its genesis.
    pub last_hash: FrameHash,
}

/// Frames between two calls of `on_progress`.
const PROGRESS_FRAMES: u64 = 4096;

/// Walks every frame of the log from its genesis, or from its opening when segments have gone: checksums, hash chain, sequences without a hole,
/// offsets, epochs that never fall, segments in order. Finds every edit, unless the whole tail from
/// it on was recomputed; against that, compare `last_hash` with one that was published. Tells how
/// far it has come now and then, and at the end.
pub fn verify_chain(
    directory: &DataDirectory,
    on_progress: &mut dyn FnMut(&ChainReport),
) -> Result<ChainReport, LogError> {
    let reader = directory.open_reader()?;
    let ranges = reader.segment_ranges();
    let genesis = FrameHash::genesis(directory.identity(), directory.log_number());
    let mut report = ChainReport {
        segments: u32::try_from(ranges.len()).unwrap_or(u32::MAX),
        frames: 0,
        records: 0,
        bytes: 0,
        first: ranges.first().map_or(0, |(_, first, _)| *first),
        last: 0,
        last_hash: directory.opening().map_or(genesis, |opening| opening.hash),
    };
    let mut frames = reader.frames_from(reader.earliest_sequence());
    while let Some(frame) = frames.next_frame()? {
        let header = frame.header();
        report.frames += 1;
        report.records += u64::from(header.count);
        report.bytes += frame.bytes().len() as u64;
        report.last = header.last_sequence();
        report.last_hash = header.hash;
        if report.frames.is_multiple_of(PROGRESS_FRAMES) {
            on_progress(&report);
        }
    }
    on_progress(&report);
    Ok(report)
}
