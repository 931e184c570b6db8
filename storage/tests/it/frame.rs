//! Bytes of a frame: every change of a bit is found.

use onhand_storage::{Frame, FrameDamage, Log, MemoryLog, ReadLog};

use crate::support;

/// The row of a small frame of three records.
fn row() -> Vec<u8> {
    let mut log = MemoryLog::new();
    support::append(&mut log, 3, 12).expect("commits");
    let frame = log.reader().frames_from(1).next_frame().expect("reads").expect("is there");
    frame.bytes().to_vec()
}

#[test]
fn every_flipped_bit_is_found() {
    let row = row();
    assert!(Frame::decode(row.clone()).is_ok());
    for index in 0..row.len() {
        for bit in 0..8 {
            let mut damaged = row.clone();
            damaged[index] ^= 1 << bit;
            assert!(Frame::decode(damaged).is_err(), "bit {bit} of byte {index}");
        }
    }
}

#[test]
fn a_row_of_another_length_is_refused() {
    let row = row();
    for length in 0..row.len() {
        let cut = Frame::decode(row[..length].to_vec());
        assert!(matches!(cut, Err(FrameDamage::Length { .. })), "cut at {length}: {cut:?}");
    }
    let longer = [row.as_slice(), &[0]].concat();
    assert!(matches!(Frame::decode(longer), Err(FrameDamage::Length { .. })));
}

/// Sets some bytes and makes the checksum right again.
fn forged(at: usize, bytes: &[u8]) -> Result<Frame, FrameDamage> {
    let mut row = row();
    row[at..at + bytes.len()].copy_from_slice(bytes);
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&row[..68]), &row[72..]);
    row[68..72].copy_from_slice(&checksum.to_le_bytes());
    Frame::decode(row)
}

#[test]
fn what_a_right_checksum_cannot_excuse() {
    let format = |damage: Result<Frame, FrameDamage>| damage.map(|frame| *frame.header());
    assert!(forged(24, &[0; 8]).is_ok(), "an offset is the chain's affair");
    let cases: [(usize, &[u8], FrameDamage); 8] = [
        (0, b"XXXX", FrameDamage::Magic),
        (4, &[2], FrameDamage::Format(2)),
        (5, &[1], FrameDamage::Records),
        (12, &0_u32.to_le_bytes(), FrameDamage::Records),
        (12, &2_u32.to_le_bytes(), FrameDamage::Records),
        (12, &4_u32.to_le_bytes(), FrameDamage::Records),
        (16, &0_u64.to_le_bytes(), FrameDamage::Records),
        (74, &u32::MAX.to_le_bytes(), FrameDamage::Records),
    ];
    for (at, bytes, expected) in cases {
        assert_eq!(format(forged(at, bytes)), Err(expected), "{bytes:?} at {at}");
    }
}

#[test]
fn the_hash_of_a_frame_covers_its_whole_row() {
    let mut log = MemoryLog::new();
    support::append(&mut log, 3, 12).expect("commits");
    let row = row();
    assert_eq!(log.last_hash().0, *blake3::hash(&row).as_bytes());
}
