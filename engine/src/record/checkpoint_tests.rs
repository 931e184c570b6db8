use std::sync::Arc;

use onhand_domain::idempotency::KeyEntry;
use onhand_domain::ids::{TenantId, Text};
use onhand_domain::position::{Alarms, Position};
use onhand_domain::sources::Watermark;
use onhand_domain::time::Timestamp;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::checkpoint::{Entry, VERSION, decode, encode};
use super::{DecodeError, samples, strategies};

fn encoded(entry: &Entry, sequence: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(entry, sequence, &mut bytes);
    bytes
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis)
}

fn position() -> impl Strategy<Value = Position> {
    let numbers = (any::<u32>(), any::<u32>(), any::<u64>(), any::<u32>(), any::<[bool; 2]>());
    let rest = (strategies::figures(), strategies::policy(), of(strategies::bin_id()));
    (numbers, time(), time(), rest).prop_map(|(numbers, created, updated, rest)| {
        let mut position = Position::new(numbers.0, numbers.1, created);
        position.set_figures(&rest.0);
        position.set_terms(rest.1, rest.2);
        position.sequence = numbers.2;
        position.updated_at = updated;
        position.version = numbers.3;
        let [low, out] = numbers.4;
        position.alarms = Alarms { low, out };
        position
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let key = (any::<[u8; 16]>(), any::<u64>(), any::<u64>());
    let key = key.prop_map(|(key, fingerprint, sequence)| KeyEntry { key, fingerprint, sequence });
    let tenant = (any::<u32>(), "\\PC{0,12}");
    let location = (strategies::location(), vec(strategies::bin(), 0..3));
    prop_oneof![
        tenant.prop_map(|(number, id)| Entry::Tenant { number, id: TenantId::trusted(&id) }),
        strategies::item().prop_map(Entry::Item).boxed(),
        location.prop_map(|(location, bins)| Entry::Location { location, bins }).boxed(),
        (any::<u32>(), position())
            .prop_map(|(number, position)| Entry::Position { number, position })
            .boxed(),
        strategies::reservation().prop_map(|held| Entry::Reservation(Arc::new(held))).boxed(),
        strategies::transfer().prop_map(Entry::Transfer).boxed(),
        vec(key.clone(), 0..5).prop_map(Entry::Keys),
        vec(key, 0..5).prop_map(Entry::Events),
        strategies::upkeep::letter().prop_map(Entry::Letter),
        strategies::upkeep::job().prop_map(|job| Entry::Job(Box::new(job))).boxed(),
        ("\\PC{0,12}", any::<u32>(), any::<u64>()).prop_map(|(name, generation, sequence)| {
            Entry::Stream { name: Text::trusted(&name), generation, sequence }
        }),
        (strategies::source_position(), any::<u64>()).prop_map(|(last, sequence)| {
            Entry::Source(Watermark { last: Arc::new(last), sequence })
        }),
        (time(), any::<u64>()).prop_map(|(at, sequence)| Entry::Clock { at, sequence }),
    ]
}

proptest! {
    #[test]
    fn what_is_put_in_comes_out(entry in entry(), sequence: u64) {
        let bytes = encoded(&entry, sequence);
        prop_assert_eq!(decode(entry.kind(), VERSION, sequence, &bytes), Ok(entry));
    }

    #[test]
    fn no_bytes_make_it_panic(kind in 0..=14_u8, bytes in vec(any::<u8>(), 0..256)) {
        let _ = decode(kind, VERSION, 7, &bytes);
    }
}

#[test]
fn what_a_newer_program_wrote_is_named() {
    assert_eq!(decode(0, VERSION, 1, &[]), Err(DecodeError::UnknownKind(0)));
    assert_eq!(decode(14, VERSION, 1, &[]), Err(DecodeError::UnknownKind(14)));
    assert_eq!(decode(1, 2, 1, &[]), Err(DecodeError::UnknownVersion(2)));
}

#[test]
fn a_position_is_small() {
    let size = |wanted: &str| {
        let samples = samples::entries::all();
        let found = samples.iter().find(|(name, _)| *name == wanted).expect("there is one");
        encoded(&found.1, samples::SEQUENCE).len()
    };
    assert!(size("position") <= 48, "{} bytes", size("position"));
}

#[test]
fn a_chunk_of_keys_costs_little_more_than_its_keys() {
    let key = |number: u16| KeyEntry {
        key: [number.to_le_bytes()[0]; 16],
        fingerprint: 1,
        sequence: u64::from(number),
    };
    let keys = Entry::Keys((0..256).map(key).collect());
    let bytes = encoded(&keys, 300).len();
    assert!(bytes <= 256 * 27 + 2, "{bytes} bytes");
}
