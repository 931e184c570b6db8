//! What a fuzzer may find in a record: any bytes are read without a panic, in bounded memory, and what
//! could be read is written as it was read. The targets of `fuzz/` and a property test call the same
//! functions.

use crate::record::checkpoint::Entry;
use crate::record::{self, KIND_CHANGE, checkpoint};

/// The record that all of them are.
const SEQUENCE: u64 = 1_000_000;

/// A record: what it says, written again, says the same.
pub fn record(payload: &[u8]) {
    let Ok(change) = record::decode(KIND_CHANGE, record::VERSION, SEQUENCE, payload) else {
        return;
    };
    let mut again = Vec::new();
    record::encode(&change, SEQUENCE, &mut again);
    let read = record::decode(KIND_CHANGE, record::VERSION, SEQUENCE, &again);
    assert_eq!(read.as_ref(), Ok(&change), "what is put in comes out");
}

/// An entry of a checkpoint: the first byte is its kind.
pub fn entry(data: &[u8]) {
    let Some((kind, payload)) = data.split_first() else { return };
    let read = |bytes: &[u8]| checkpoint::decode(*kind, checkpoint::VERSION, SEQUENCE, bytes);
    let write = |entry: &Entry| {
        let mut bytes = Vec::new();
        checkpoint::encode(entry, SEQUENCE, &mut bytes);
        bytes
    };
    let Ok(entry) = read(payload) else { return };
    // Entries cannot be compared; what they are written as can.
    let once = write(&entry);
    let again = read(&once).map(|entry| write(&entry));
    assert_eq!(again.as_ref(), Ok(&once), "what is put in comes out");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_record_holds_is_read_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            record(&bytes);
            entry(&bytes);
        }
    }
}
