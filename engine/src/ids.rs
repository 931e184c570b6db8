//! Ids that leave the engine. They are made of the place in the log, so that a thing is found by its id.

use onhand_domain::time::Timestamp;
use uuid::Uuid;

/// Number of the only log there is today.
pub const LOG: u16 = 1;

const TRANSACTION: &str = "txn";
const RESERVATION: &str = "rsv";
const TRANSFER: &str = "trf";
const CORRELATION: &str = "cor";
const DEAD_LETTER: &str = "dl";
const JOB: &str = "job";
/// Room for a name of ours.
const NAME_BYTES: usize = 32;

/// A name of numbers. Every event has some, so they are not written by way of a formatter.
fn name(prefix: &str, numbers: &[u64]) -> String {
    let mut name = String::with_capacity(NAME_BYTES);
    name.push_str(prefix);
    for number in numbers {
        name.push('-');
        push_digits(*number, &mut name);
    }
    name
}

fn push_digits(number: u64, out: &mut String) {
    let mut digits = ['0'; 20];
    let (mut left, mut at) = (number, digits.len());
    loop {
        at -= 1;
        digits[at] = char::from(b'0' + u8::try_from(left % 10).unwrap_or(0));
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend(&digits[at..]);
}

/// Name of a movement, or of a record that has none: log, sequence, place in the record.
#[must_use]
pub fn transaction_id(log: u16, sequence: u64, place: u32) -> String {
    name(TRANSACTION, &[log.into(), sequence, place.into()])
}

/// Name of a reservation: log, sequence of the record that made it.
#[must_use]
pub fn reservation_id(log: u16, number: u64) -> String {
    name(RESERVATION, &[log.into(), number])
}

/// Name of a transfer: log, sequence of the record that began it.
#[must_use]
pub fn transfer_id(log: u16, number: u64) -> String {
    name(TRANSFER, &[log.into(), number])
}

/// What ties things together whose caller named nothing: log, sequence of the record.
#[must_use]
pub fn correlation_id(log: u16, sequence: u64) -> String {
    name(CORRELATION, &[log.into(), sequence])
}

/// Name of a dead letter: log, sequence of the record that wrote it.
#[must_use]
pub fn dead_letter_id(log: u16, number: u64) -> String {
    format!("{DEAD_LETTER}-{log}-{number}")
}

/// Name of a job: log, sequence of the record that began it.
#[must_use]
pub fn job_id(log: u16, number: u64) -> String {
    format!("{JOB}-{log}-{number}")
}

/// Number of a job; `None` for what is no name of a job in our log.
#[must_use]
pub fn parse_job_id(text: &str) -> Option<u64> {
    parse(JOB, text)
}

/// Number of a dead letter; `None` for what is no name of a dead letter in our log.
#[must_use]
pub fn parse_dead_letter_id(text: &str) -> Option<u64> {
    parse(DEAD_LETTER, text)
}

/// Sequence and place of a movement; `None` for what is no name of a movement in our log.
#[must_use]
pub fn parse_transaction_id(text: &str) -> Option<(u64, u32)> {
    let (log, rest) = text.strip_prefix(TRANSACTION)?.strip_prefix('-')?.split_once('-')?;
    let (sequence, place) = rest.split_once('-')?;
    let place = u32::try_from(number(place)?).ok()?;
    (number(log)? == u64::from(LOG)).then_some((number(sequence)?, place))
}

/// Number of a reservation; `None` for what is no name of a reservation in our log.
#[must_use]
pub fn parse_reservation_id(text: &str) -> Option<u64> {
    parse(RESERVATION, text)
}

/// Number of a transfer; `None` for what is no name of a transfer in our log.
#[must_use]
pub fn parse_transfer_id(text: &str) -> Option<u64> {
    parse(TRANSFER, text)
}

fn parse(prefix: &str, text: &str) -> Option<u64> {
    let (log, sequence) = text.strip_prefix(prefix)?.strip_prefix('-')?.split_once('-')?;
    (number(log)? == u64::from(LOG)).then_some(number(sequence)?)
}

/// Digits as we write them: one thing has one name, so neither signs nor leading zeros.
fn number(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits == "0" || !digits.starts_with('0');
    (plain && canonical).then(|| digits.parse().ok()).flatten()
}

/// Name of an event, in the form of a UUID version 7; docs/RECORD_FORMAT.md draws it.
///
/// It depends on nothing but the arguments, so an event sent again has the name it had. Time comes
/// first, so names sort by it. Sequence, epoch and index are cut to their lowest bits; those of one
/// millisecond still differ, as they would only meet again after 2³⁰ records, 2¹² starts or 2¹⁶ events.
#[must_use]
pub fn event_id(at: Timestamp, log: u16, epoch: u32, sequence: u64, index: u32) -> Uuid {
    let millis = u128::from(at.millis().max(0).unsigned_abs()) & ((1 << 48) - 1);
    let epoch = u128::from(epoch) & ((1 << 12) - 1);
    let sequence = u128::from(sequence) & ((1 << 30) - 1);
    let index = u128::from(index) & ((1 << 16) - 1);
    let (version, variant) = (7 << 76, 0b10 << 62);
    let log = u128::from(log) << 46;
    Uuid::from_u128(millis << 80 | version | epoch << 64 | variant | log | sequence << 16 | index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_place_in_the_log() {
        assert_eq!(transaction_id(1, 42, 0), "txn-1-42-0");
        assert_eq!(reservation_id(1, 42), "rsv-1-42");
        assert_eq!(transfer_id(1, 42), "trf-1-42");
        assert_eq!(correlation_id(1, 42), "cor-1-42");
        assert_eq!(dead_letter_id(1, 42), "dl-1-42");
    }

    #[test]
    fn names_are_read_back_and_nothing_else_is() {
        let largest = u64::MAX.to_string();
        for (text, expected) in [
            ("rsv-1-42", Some(42)),
            ("rsv-1-0", Some(0)),
            (&format!("rsv-1-{largest}"), Some(u64::MAX)),
            (&format!("rsv-1-{largest}0"), None),
            ("rsv-2-42", None),
            ("rsv-01-42", None),
            ("rsv-1-042", None),
            ("rsv-1-+42", None),
            ("rsv-1--42", None),
            ("rsv-1-", None),
            ("rsv-1", None),
            ("rsv-1-42-0", None),
            ("trf-1-42", None),
            ("RSV-1-42", None),
            ("", None),
        ] {
            assert_eq!(parse_reservation_id(text), expected, "{text}");
        }
        assert_eq!(parse_transfer_id("trf-1-7"), Some(7));
        assert_eq!(parse_transfer_id("rsv-1-7"), None);
        assert_eq!(parse_dead_letter_id("dl-1-7"), Some(7));
        assert_eq!(parse_dead_letter_id("rsv-1-7"), None);
        assert_eq!(parse_job_id(&job_id(1, 7)), Some(7));
        assert_eq!(parse_job_id("dl-1-7"), None);
        assert_eq!(parse_transaction_id("txn-1-42-3"), Some((42, 3)));
        for text in ["txn-1-42", "txn-2-42-3", "txn-1-42-", "txn-1-42-4294967296", "txn-1-42-3-1"] {
            assert_eq!(parse_transaction_id(text), None, "{text}");
        }
    }

    #[test]
    fn event_ids_are_uuids_of_version_7_and_never_change() {
        let at = Timestamp::from_millis(1_770_638_400_000);
        let id = event_id(at, 1, 3, 42, 0);
        assert_eq!(id.to_string(), "019c4245-da00-7003-8000-4000002a0000");
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        let time = id.get_timestamp().expect("has one").to_unix();
        assert_eq!(time, (1_770_638_400, 0));
    }

    #[test]
    fn each_part_makes_another_event_id() {
        let id = |millis, log, epoch, sequence, index| {
            event_id(Timestamp::from_millis(millis), log, epoch, sequence, index)
        };
        let ids = [
            id(1, 1, 1, 1, 1),
            id(2, 1, 1, 1, 1),
            id(1, 2, 1, 1, 1),
            id(1, 1, 2, 1, 1),
            id(1, 1, 1, 2, 1),
            id(1, 1, 1, 1, 2),
            id(1, u16::MAX, 4095, (1 << 30) - 1, u32::from(u16::MAX)),
            id(-1, 0, 0, 0, 0),
        ];
        for (at, one) in ids.iter().enumerate() {
            assert_eq!(one.get_version_num(), 7);
            assert!(!ids[at + 1..].contains(one), "{one}");
        }
        assert!(id(1, 1, 1, 1, 9) < id(2, 0, 0, 0, 0), "they sort by time");
    }
}
