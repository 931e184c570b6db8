use proptest::prelude::*;

use super::samples::{self, one_line_reservation};
use super::strategies;
use super::*;

fn encoded(change: &Change, sequence: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(change, sequence, &mut bytes);
    bytes
}

fn decoded(bytes: &[u8], sequence: u64) -> Result<Change, DecodeError> {
    decode(KIND_CHANGE, VERSION, sequence, bytes)
}

proptest! {
    #[test]
    fn what_is_put_in_comes_out(change in strategies::change(), sequence: u64) {
        prop_assert_eq!(decoded(&encoded(&change, sequence), sequence), Ok(change));
    }

    #[test]
    fn the_writer_writes_what_postcard_writes(change in strategies::change(), sequence: u64) {
        let base = Base { sequence, at: change.at, tenant: change.tenant };
        let theirs = postcard::to_allocvec(&v1::RecordV1::of(&change, base)).expect("has a form");
        prop_assert_eq!(encoded(&change, sequence), theirs);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512), sequence: u64) {
        let _ = decoded(&bytes, sequence);
    }

    #[test]
    fn damaged_bytes_do_not_make_it_panic(
        change in strategies::change(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let mut bytes = encoded(&change, 1);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = decoded(&bytes, 1);
    }

    #[test]
    fn a_record_cut_short_is_malformed(change in strategies::change(), at: prop::sample::Index) {
        let bytes = encoded(&change, 1);
        let cut = at.index(bytes.len());
        prop_assert!(matches!(decoded(&bytes[..cut], 1), Err(DecodeError::Malformed(_))));
    }
}

#[test]
fn records_are_appended_to_what_is_there() {
    let change = one_line_reservation();
    let mut bytes = vec![1, 2, 3];
    encode(&change, 7, &mut bytes);
    assert_eq!(bytes[..3], [1, 2, 3]);
    assert_eq!(bytes[3..], encoded(&change, 7));
}

#[test]
fn a_reservation_of_one_line_is_small() {
    let bytes = encoded(&one_line_reservation(), samples::SEQUENCE);
    assert_eq!(bytes.len(), 125, "the size that docs/decisions/0002 states");
    assert!(bytes.len() <= 160, "the most that DESIGN.md allows");
}

#[test]
fn numbers_on_every_edge_are_written_as_postcard_does() {
    let edges = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    for number in edges.chain([u64::MAX]) {
        let mut ours = Vec::new();
        writer::append(&number, &mut ours);
        assert_eq!(ours, postcard::to_allocvec(&number).expect("has a form"), "{number}");
        for signed in [number.cast_signed(), number.cast_signed().wrapping_neg()] {
            let mut ours = Vec::new();
            writer::append(&signed, &mut ours);
            assert_eq!(ours, postcard::to_allocvec(&signed).expect("has a form"), "{signed}");
        }
    }
}

#[test]
fn what_a_newer_program_wrote_is_named() {
    let change = one_line_reservation();
    let mut bytes = encoded(&change, 1);
    assert_eq!(decode(2, VERSION, 1, &bytes), Err(DecodeError::UnknownKind(2)));
    assert_eq!(decode(KIND_CHANGE, 2, 1, &bytes), Err(DecodeError::UnknownVersion(2)));
    assert_eq!(decode(KIND_CHANGE, 0, 1, &bytes), Err(DecodeError::UnknownVersion(0)));
    bytes.push(0);
    assert_eq!(decoded(&bytes, 1), Err(DecodeError::TooLong(1)));
    bytes.pop();
    bytes[0] = 200;
    let unknown = DecodeError::UnknownCode { what: "cause", code: 200 };
    assert_eq!(decoded(&bytes, 1), Err(unknown));
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    // Cause, time, tenant, no key, then a list that claims four thousand million positions.
    let bytes = [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f];
    assert!(matches!(decoded(&bytes, 1), Err(DecodeError::Malformed(_))));
}

#[test]
fn numbers_of_words_are_those_the_domain_states() {
    use super::code::Code;
    use onhand_domain::change::{Cause, MovementKind};
    for cause in Cause::ALL {
        assert_eq!(cause.code(), cause as u8);
    }
    for kind in MovementKind::ALL {
        assert_eq!(kind.code(), kind as u8);
    }
}
