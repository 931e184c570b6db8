//! What a commit costs: `cargo run --release -p onhand-storage --example commit_cost [DIRECTORY]`.
//! Prints microseconds per commit and bytes per second for rows of several sizes, and how fast the
//! log is walked afterwards. The directory is made anew below the given one and removed.

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use onhand_storage::{DataDirectory, Log, RecordBatch, StorageConfig};

/// Records per commit and bytes per record.
const CASES: [(u32, usize, u32); 8] = [
    (1, 150, 4000),
    (10, 150, 3000),
    (100, 150, 2000),
    (400, 150, 1000),
    (500, 150, 1000),
    (1600, 150, 500),
    (1700, 150, 500),
    (10_000, 150, 100),
];

fn main() -> Result<(), Box<dyn Error>> {
    let parent = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let path = parent.join(format!("onhand-commit-cost-{}", std::process::id()));
    let result = measure(&path);
    std::fs::remove_dir_all(&path)?;
    result
}

fn measure(path: &PathBuf) -> Result<(), Box<dyn Error>> {
    let directory = DataDirectory::open(StorageConfig::new(path))?;
    let (mut log, reader) = directory.open_log()?;
    let mut batch = RecordBatch::new();
    println!("records  bytes/record  p50 µs  p99 µs  MB/s");
    for (records, length, commits) in CASES {
        let mut times: Vec<Duration> = Vec::new();
        let mut bytes = 0;
        for _ in 0..commits {
            batch.begin(log.next_sequence());
            for _ in 0..records {
                batch.push_with(1, 1, |payload| payload.resize(payload.len() + length - 6, 7))?;
            }
            let start = Instant::now();
            bytes += log.commit(&batch)?.bytes;
            times.push(start.elapsed());
        }
        let total: Duration = times.iter().sum();
        times.sort_unstable();
        let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
        let rate = bytes as f64 / total.as_secs_f64() / 1e6;
        println!("{records:7}  {length:12}  {:6.0}  {:6.0}  {rate:4.0}", at(50), at(99));
    }
    let start = Instant::now();
    let (mut frames, mut records) = (0_u64, 0_u64);
    let mut cursor = reader.frames_from(1);
    while let Some(frame) = cursor.next_frame()? {
        frames += 1;
        records += frame.records().count() as u64;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("walked {frames} frames, {records} records in {:.0} ms", seconds * 1e3);
    Ok(())
}
