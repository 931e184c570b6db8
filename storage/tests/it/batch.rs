//! Cutting a batch into rows.

use onhand_storage::{
    Frame, LARGE_ROW_BYTES_MAX, Log, MemoryLog, PAYLOAD_BYTES_MAX, ROW_BYTES_MAX, ReadLog,
    RecordBatch, RecordTooLarge,
};

use crate::support;

/// The frames that a batch of records of these lengths becomes: records in each, bytes in each.
fn frames(lengths: &[usize]) -> Vec<Frame> {
    let mut batch = RecordBatch::new();
    batch.begin(1);
    for (sequence, length) in (1..).zip(lengths) {
        let fill =
            |bytes: &mut Vec<u8>| bytes.extend_from_slice(&support::payload(sequence, *length));
        batch.push_with(support::kind(sequence), 1, fill).expect("fits");
    }
    assert_eq!(batch.count() as usize, lengths.len());
    assert_eq!(batch.last_sequence(), lengths.len() as u64);
    let mut log = MemoryLog::new();
    let committed = log.commit(&batch).expect("commits");
    support::assert_records(&log.reader(), lengths.len() as u64);
    let mut cursor = log.reader().frames_from(1);
    let mut frames = Vec::new();
    while let Some(frame) = cursor.next_frame().expect("reads") {
        frames.push(frame);
    }
    let bytes: usize = frames.iter().map(|frame| frame.bytes().len()).sum();
    assert_eq!(committed.bytes, bytes as u64);
    frames
}

fn counts(lengths: &[usize]) -> Vec<u32> {
    frames(lengths).iter().map(|frame| frame.header().count).collect()
}

const BODY: usize = ROW_BYTES_MAX - 72;

#[test]
fn rows_end_at_the_cap() {
    let full = BODY - 6;
    for (lengths, expected) in [
        (vec![8], vec![1]),
        (vec![100; 5], vec![5]),
        (vec![full], vec![1]),
        (vec![full, 8], vec![1, 1]),
        (vec![8, full], vec![1, 1]),
        (vec![full - 14, 8], vec![2]),
        (vec![full - 13, 8], vec![1, 1]),
        (vec![full + 1], vec![1]),
        (vec![8, full + 1, 8, 8], vec![1, 1, 2]),
        (vec![8, PAYLOAD_BYTES_MAX, 8], vec![1, 1, 1]),
        (vec![150; 3000], vec![1679, 1321]),
    ] {
        assert_eq!(counts(&lengths), expected, "{} records", lengths.len());
    }
}

#[test]
fn no_row_is_longer_than_allowed() {
    for frame in frames(&[150; 10_000]) {
        assert!(frame.bytes().len() <= ROW_BYTES_MAX);
    }
    let large = frames(&[PAYLOAD_BYTES_MAX]);
    assert_eq!(large[0].bytes().len(), LARGE_ROW_BYTES_MAX);
}

#[test]
fn a_record_beyond_the_largest_row_is_refused_and_the_batch_stays_as_it_was() {
    let mut batch = support::batch(1, 2, 20);
    let before = batch.bytes_len();
    let refused =
        batch.push_with(1, 1, |bytes| bytes.resize(bytes.len() + PAYLOAD_BYTES_MAX + 1, 0));
    let bytes = PAYLOAD_BYTES_MAX + 1;
    assert_eq!(refused, Err(RecordTooLarge { bytes, limit: PAYLOAD_BYTES_MAX }));
    assert_eq!((batch.bytes_len(), batch.count()), (before, 2));
    assert_eq!(
        batch.push_with(3, 1, |bytes| bytes.extend_from_slice(&support::payload(3, 8))),
        Ok(3)
    );
    let mut log = MemoryLog::new();
    log.commit(&batch).expect("commits");
    support::assert_records(&log.reader(), 3);
}

#[test]
fn a_batch_is_used_again() {
    let mut batch = support::batch(1, 40, 9000);
    batch.begin(41);
    assert!(batch.is_empty());
    assert_eq!((batch.first_sequence(), batch.last_sequence(), batch.bytes_len()), (41, 40, 0));
    assert_eq!(batch.push_with(1, 2, |bytes| bytes.push(7)), Ok(41));
    let records: Vec<_> = batch.records(5).collect();
    assert_eq!(records.len(), 1);
    let record = records[0];
    assert_eq!((record.sequence, record.epoch, record.kind, record.version), (41, 5, 1, 2));
    assert_eq!(record.payload, [7]);
}

#[test]
#[should_panic(expected = "records have no hole")]
fn a_hole_in_the_sequence_is_a_defect() {
    let _ = MemoryLog::new().commit(&support::batch(2, 1, 8));
}

#[test]
#[should_panic(expected = "fill only appends")]
fn taking_bytes_away_is_a_defect() {
    let mut batch = support::batch(1, 1, 8);
    let _ = batch.push_with(1, 1, |bytes| bytes.clear());
}
