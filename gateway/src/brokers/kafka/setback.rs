//! What failed between two looks, taken together. A broker refuses a batch as a whole, and a client that
//! has lost its thread gives back all it holds: that is one attempt, not one for each message.

use rdkafka::message::OwnedMessage;
use rdkafka::types::RDKafkaErrorCode;

use super::fault::{Fault, fault_of};
use crate::brokers::ledger::Tag;
use crate::http::events::cursor::Cursor;

/// A message that the broker did not take.
#[derive(Debug)]
pub(super) struct Culprit {
    pub(super) place: Cursor,
    pub(super) tag: Tag,
    pub(super) code: RDKafkaErrorCode,
    pub(super) message: OwnedMessage,
}

/// What is to be made of it.
#[derive(Debug)]
pub(super) enum Cause {
    /// The broker is away.
    Away(String),
    /// It was there and did not take this message; the first in the order of the log.
    Refused(Box<Culprit>),
    /// It, or one that shared its batch, will never be taken.
    Hopeless(Box<Culprit>),
    /// The client is of no use any more.
    Broken(String),
}

/// Everything that failed.
#[derive(Debug, Default)]
pub(super) struct Setback {
    away: Option<String>,
    culprit: Option<Box<Culprit>>,
    /// Place of the last message that the broker did not take.
    last: Option<Cursor>,
    broken: Option<String>,
}

impl Setback {
    /// Whether nothing failed.
    pub(super) const fn is_empty(&self) -> bool {
        self.away.is_none() && self.culprit.is_none() && self.broken.is_none()
    }

    /// A message came back. Those that come without their text are not to blame.
    pub(super) fn fail(
        &mut self,
        place: Cursor,
        tag: Tag,
        code: RDKafkaErrorCode,
        message: Option<OwnedMessage>,
    ) {
        match (fault_of(code), message) {
            (Fault::TakenBack, _) => {}
            (Fault::Away, _) => self.away = Some(code.to_string()),
            (Fault::Hopeless | Fault::Refused, Some(message)) => {
                self.last = self.last.max(Some(place));
                if self.culprit.as_ref().is_none_or(|known| place < known.place) {
                    self.culprit = Some(Box::new(Culprit { place, tag, code, message }));
                }
            }
            (Fault::Hopeless | Fault::Refused | Fault::Broken, _) => self.lose(code.to_string()),
        }
    }

    /// The client is of no use any more.
    pub(super) fn lose(&mut self, reason: String) {
        self.broken = Some(reason);
    }

    /// Place of the last message that the broker did not take.
    pub(super) const fn last(&self) -> Option<Cursor> {
        self.last
    }

    /// What is to blame. A broker that is away explains all the rest, and one that refused something
    /// explains why the client gave up.
    pub(super) fn cause(self) -> Option<Cause> {
        match self {
            Self { away: Some(reason), .. } => Some(Cause::Away(reason)),
            Self { culprit: Some(culprit), .. } => Some(match fault_of(culprit.code) {
                Fault::Hopeless => Cause::Hopeless(culprit),
                _ => Cause::Refused(culprit),
            }),
            Self { broken: Some(reason), .. } => Some(Cause::Broken(reason)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::message::Timestamp;

    use super::*;
    use crate::brokers::ledger::Ledger;

    const POLICY: RDKafkaErrorCode = RDKafkaErrorCode::PolicyViolation;
    const TOO_LARGE: RDKafkaErrorCode = RDKafkaErrorCode::MessageSizeTooLarge;

    fn message() -> Option<OwnedMessage> {
        let time = Timestamp::NotAvailable;
        Some(OwnedMessage::new(None, None, "topic".to_owned(), time, 0, 0, None))
    }

    fn setback(codes: &[(u64, RDKafkaErrorCode)]) -> Setback {
        let mut setback = Setback::default();
        let mut ledger = Ledger::new(Cursor::START);
        for (sequence, code) in codes {
            let mut tag = ledger.enter(Cursor::at(ledger.entered() + 1, 0), [1], ());
            let tag = tag.next().expect("it has a message");
            setback.fail(Cursor::at(*sequence, 0), tag, *code, message());
        }
        setback
    }

    fn blamed(codes: &[(u64, RDKafkaErrorCode)]) -> String {
        match setback(codes).cause() {
            None => "nothing".to_owned(),
            Some(Cause::Away(_)) => "away".to_owned(),
            Some(Cause::Broken(_)) => "client".to_owned(),
            Some(Cause::Refused(culprit)) => format!("refused {}", culprit.place.sequence()),
            Some(Cause::Hopeless(culprit)) => format!("hopeless {}", culprit.place.sequence()),
        }
    }

    #[test]
    fn one_cause_explains_what_came_back_together() {
        use RDKafkaErrorCode as Code;
        for (codes, expected) in [
            (vec![], "nothing"),
            (vec![(1, Code::PurgeQueue), (2, Code::PurgeInflight)], "nothing"),
            (vec![(5, POLICY), (3, POLICY), (4, POLICY)], "refused 3"),
            (vec![(5, TOO_LARGE), (7, POLICY)], "hopeless 5"),
            (vec![(5, Code::GaplessGuarantee), (3, POLICY), (6, Code::Fatal)], "refused 3"),
            (vec![(3, POLICY), (9, Code::MessageTimedOut)], "away"),
            (vec![(3, Code::Fatal), (4, Code::PurgeQueue)], "client"),
        ] {
            assert_eq!(blamed(&codes), expected, "{codes:?}");
        }
    }

    #[test]
    fn suspects_reach_up_to_the_last_that_was_not_taken() {
        let setback = setback(&[(5, POLICY), (3, POLICY), (9, RDKafkaErrorCode::PurgeQueue)]);
        assert!(!setback.is_empty());
        assert_eq!(setback.last(), Some(Cursor::at(5, 0)));
    }
}
