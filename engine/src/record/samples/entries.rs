//! Entries of checkpoints.

use std::sync::Arc;

use onhand_domain::dead_letter::LetterStatus;
use onhand_domain::idempotency::KeyEntry;
use onhand_domain::ids::TenantId;
use onhand_domain::job::Task;
use onhand_domain::position::{Alarms, Figures, Position};
use onhand_domain::sources::Watermark;

use super::{AT, BEFORE, SEQUENCE, catalog, promises, stock, units, upkeep};
use crate::record::checkpoint::Entry;

fn plain_position() -> Position {
    let mut position = Position::new(8_321, 17, BEFORE);
    position.set_figures(&Figures {
        available: units(480),
        reserved: units(14),
        committed: units(6),
        ..Figures::default()
    });
    position.sequence = SEQUENCE;
    position.updated_at = AT;
    position.version = 127;
    position
}

fn full_position() -> Position {
    let mut position = plain_position();
    position.set_figures(&Figures {
        available: units(-3),
        damaged: units(1),
        quality_hold: units(2),
        in_transit: units(4),
        ..Figures::default()
    });
    position.set_terms(catalog::policy(), Some(catalog::bin()));
    position.alarms = Alarms { low: true, out: true };
    position
}

fn key(number: u8) -> KeyEntry {
    KeyEntry {
        key: [number; 16],
        fingerprint: 0x0123_4567_89ab_cdef,
        sequence: SEQUENCE - u64::from(number),
    }
}

pub(in crate::record) fn all() -> Vec<(&'static str, Entry)> {
    let tenant = TenantId::parse("tenant-1").expect("valid");
    let source = stock::a_place();
    let name = source.stream.clone();
    vec![
        ("tenant", Entry::Tenant { number: 3, id: tenant }),
        ("item", Entry::Item(catalog::an_item())),
        (
            "location",
            Entry::Location { location: catalog::a_location(), bins: vec![catalog::a_bin()] },
        ),
        ("position", Entry::Position { number: 8_765, position: plain_position() }),
        ("position-full", Entry::Position { number: 8_765, position: full_position() }),
        ("reservation", Entry::Reservation(Arc::new(promises::a_reservation()))),
        ("transfer", Entry::Transfer(stock::an_open_transfer())),
        ("keys", Entry::Keys(vec![key(2), key(1)])),
        ("source", Entry::Source(Watermark { last: source, sequence: SEQUENCE })),
        ("stream", Entry::Stream { name, generation: 2, sequence: SEQUENCE }),
        ("letter", Entry::Letter(upkeep::a_letter(LetterStatus::Open))),
        ("events", Entry::Events(vec![key(4), key(3)])),
        ("job", Entry::Job(Box::new(upkeep::a_job(Task::CancelItem(8_321))))),
        ("clock", Entry::Clock { at: AT, sequence: SEQUENCE }),
    ]
}
