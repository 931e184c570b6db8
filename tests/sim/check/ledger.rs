//! What the log holds, from the first record on: against what was attempted, and what must hold of
//! every log.

use std::collections::{BTreeMap, VecDeque};

use onhand_domain::change::Change;
use onhand_domain::stock::{Rules, Stock};
use onhand_engine::events::events_of;
use onhand_engine::record;
use onhand_engine::view::View;
use onhand_storage::LogReader;

use super::{Checked, same};

/// Walks the log and builds memory from its first record. `attempted` is what the writer decided.
pub(crate) fn rebuild(
    reader: &LogReader,
    rules: Rules,
    attempted: &BTreeMap<u64, Change>,
) -> Result<Stock, String> {
    let mut stock = Stock::new(rules, 11);
    let mut ledger = Ledger::new(rules);
    let mut cursor = reader.frames_from(1);
    while let Some(frame) = cursor.next_frame().map_err(|error| error.to_string())? {
        for stored in frame.records() {
            let sequence = stored.sequence;
            let change = record::decode(stored.kind, stored.version, sequence, stored.payload)
                .map_err(|error| format!("record {sequence}: {error}"))?;
            let must = attempted.get(&sequence);
            let must = must.ok_or(format!("record {sequence} was never attempted"))?;
            same(&format!("record {sequence}"), &change, must)?;
            stock.apply(&change, sequence);
            ledger.enter(&change, sequence)?;
        }
        stock.forget(ledger.last, usize::MAX, u64::MAX);
    }
    same("records in the log", &ledger.sequence, &reader.durable_sequence())?;
    Ok(stock)
}

/// What must hold from record to record.
struct Ledger {
    rules: Rules,
    sequence: u64,
    last: onhand_domain::time::Timestamp,
    keys: VecDeque<[u8; 16]>,
    events: VecDeque<[u8; 16]>,
    /// Generation, and the highest offset that was acted on in it.
    offsets: BTreeMap<(String, u32), (u32, u64)>,
    versions: BTreeMap<(String, String), u32>,
    /// Names things for events.
    view: std::sync::Arc<View>,
    releaser: onhand_engine::release::Releaser,
}

impl Ledger {
    fn new(rules: Rules) -> Self {
        let view = View::new();
        let (shown, recent) = (std::sync::Arc::clone(&view), std::sync::Arc::default());
        Self {
            rules,
            sequence: 0,
            last: onhand_domain::time::Timestamp::MIN,
            keys: VecDeque::new(),
            events: VecDeque::new(),
            offsets: BTreeMap::new(),
            versions: BTreeMap::new(),
            view,
            releaser: onhand_engine::release::Releaser::new(1, shown, recent),
        }
    }

    fn enter(&mut self, change: &Change, sequence: u64) -> Checked {
        same("a hole in the sequence: record", &sequence, &(self.sequence + 1))?;
        self.sequence = sequence;
        if change.at < self.last {
            return Err(format!("record {sequence} was decided before the one before it"));
        }
        self.last = change.at;
        if let Some(bound) = change.key {
            once("key", &mut self.keys, bound.key, self.rules.key_window, sequence)?;
        }
        if let Some(source) = &change.source {
            let at = &source.position;
            let place = (at.stream.as_str().to_owned(), at.partition);
            let now = (at.generation, at.offset);
            if let Some(before) = self.offsets.insert(place, now)
                && before >= now
            {
                return Err(format!("record {sequence}: offset {now:?} after {before:?}"));
            }
            if let Some(event) = &source.event {
                // The same id with other content is a dead letter; it is acted on once all the same.
                let is_buried = change.refusal.is_some() || change.kept.is_some();
                if !(is_buried && self.events.contains(&event.key)) {
                    let window = self.rules.event_window;
                    once("event", &mut self.events, event.key, window, sequence)?;
                }
            }
        }
        self.releaser.show(change, sequence);
        self.tell(change, sequence)
    }

    /// Versions of every aggregate, as told to the world, have no hole.
    fn tell(&mut self, change: &Change, sequence: u64) -> Checked {
        let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
        for event in events_of(1, 1, sequence, change, self.view.directory()) {
            if event.aggregate_version == 0 {
                continue;
            }
            let kind = format!("{:?}/{}", event.aggregate_type, event.tenant);
            seen.insert((kind, event.aggregate_id), event.aggregate_version);
        }
        for (aggregate, version) in seen {
            let before = self.versions.insert(aggregate.clone(), version).unwrap_or(0);
            same(&format!("record {sequence}: version of {aggregate:?}"), &version, &(before + 1))?;
        }
        Ok(())
    }
}

/// Within the window, nothing is acted on twice.
fn once(
    what: &str,
    seen: &mut VecDeque<[u8; 16]>,
    key: [u8; 16],
    window: u32,
    sequence: u64,
) -> Checked {
    if seen.contains(&key) {
        return Err(format!("record {sequence}: the same {what} acted twice"));
    }
    seen.push_back(key);
    if seen.len() > window as usize {
        seen.pop_front();
    }
    Ok(())
}
