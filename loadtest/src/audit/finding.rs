//! What does not agree.

use std::fmt;

use crate::journal::Status;
use crate::order::OrderNumber;
use crate::quantity::Quantity;
use crate::request::order_id;

/// Findings that are kept; the others are only counted.
const KEPT_MAX: usize = 20;

/// One thing that is not as the acknowledgements imply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Not one reservation was acknowledged, so there is nothing to prove.
    NothingAcknowledged,
    /// Answers with a status of success that could not be read.
    UnreadableAnswers {
        /// How many.
        count: u64,
    },
    /// A position that received stock is not there.
    PositionMissing {
        /// Which.
        position: String,
    },
    /// A position that nobody made.
    PositionUnknown {
        /// Which.
        position: String,
    },
    /// A position is listed more than once.
    PositionTwice {
        /// Which.
        position: String,
    },
    /// A figure differs from what was acknowledged.
    Figure {
        /// Which position.
        position: String,
        /// Which of its figures.
        bucket: &'static str,
        /// What the acknowledgements imply.
        expected: Quantity,
        /// What the server says.
        actual: Quantity,
    },
    /// A figure is below zero although no fact could drive it there.
    Negative {
        /// Which position.
        position: String,
        /// Which of its figures.
        bucket: &'static str,
        /// What the server says.
        actual: Quantity,
    },
    /// The buckets do not add up to what is on hand.
    SumDiffers {
        /// Which position.
        position: String,
        /// What the server says is on hand.
        on_hand: Quantity,
        /// What its buckets add up to.
        sum: Quantity,
    },
    /// More was promised and shipped than ever came.
    Oversold {
        /// Which position.
        position: String,
        /// Promised or shipped, by acknowledgement.
        sold: Quantity,
        /// Received.
        received: Quantity,
    },
    /// An acknowledged reservation is not there, or one that must not be there is.
    Status {
        /// Which order.
        order: OrderNumber,
        /// What it may be; `None` for absent.
        allowed: Vec<Option<Status>>,
        /// What the server says.
        actual: Option<Status>,
    },
    /// A reservation is there, but not the one that was asked for.
    Content {
        /// Which order.
        order: OrderNumber,
        /// What differs.
        detail: String,
    },
    /// One order has several reservations.
    OrderTwice {
        /// Which order.
        order: OrderNumber,
        /// How many.
        count: usize,
    },
    /// Refused for want of stock although there was stock.
    RefusedWithoutWant {
        /// Which order.
        order: OrderNumber,
    },
    /// A reservation could not be read.
    Unreadable {
        /// Which order.
        order: OrderNumber,
        /// Why.
        detail: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingAcknowledged => {
                write!(out, "no reservation was acknowledged: nothing is proved")
            }
            Self::UnreadableAnswers { count } => {
                write!(out, "{count} answers of success could not be read")
            }
            Self::PositionMissing { position } => write!(out, "{position} is missing"),
            Self::PositionUnknown { position } => write!(out, "{position} was made by nobody"),
            Self::PositionTwice { position } => write!(out, "{position} is listed twice"),
            Self::Figure { position, bucket, expected, actual } => {
                write!(out, "{position} {bucket}: acknowledged {expected}, found {actual}")
            }
            Self::Negative { position, bucket, actual } => {
                write!(out, "{position} {bucket} is below zero: {actual}")
            }
            Self::SumDiffers { position, on_hand, sum } => {
                write!(out, "{position} onHand {on_hand}, but its buckets add up to {sum}")
            }
            Self::Oversold { position, sold, received } => {
                write!(out, "{position} oversold: {sold} promised or shipped of {received}")
            }
            Self::Status { order, allowed, actual } => {
                let allowed: Vec<String> = allowed.iter().copied().map(status_name).collect();
                let actual = status_name(*actual);
                write!(out, "{} must be {}, is {actual}", order_id(*order), allowed.join(" or "))
            }
            Self::Content { order, detail } => write!(out, "{}: {detail}", order_id(*order)),
            Self::OrderTwice { order, count } => {
                write!(out, "{} has {count} reservations", order_id(*order))
            }
            Self::RefusedWithoutWant { order } => {
                write!(out, "{} was refused although there was stock", order_id(*order))
            }
            Self::Unreadable { order, detail } => {
                write!(out, "{} could not be read: {detail}", order_id(*order))
            }
        }
    }
}

fn status_name(status: Option<Status>) -> String {
    status.map_or_else(|| "absent".into(), |status| format!("{status:?}").to_uppercase())
}

/// All findings: the first ones, and their number.
#[derive(Debug, Default)]
pub struct Findings {
    first: Vec<Finding>,
    count: u64,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.first.len() < KEPT_MAX {
            self.first.push(finding);
        }
    }

    /// Adds those of another list.
    pub fn take_over(&mut self, other: Self) {
        let only_counted = other.count - u64::try_from(other.first.len()).expect("few are kept");
        other.first.into_iter().for_each(|finding| self.add(finding));
        self.count += only_counted;
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The first ones.
    #[must_use]
    pub fn first(&self) -> &[Finding] {
        &self.first
    }

    /// The first ones, in words.
    #[must_use]
    pub fn into_first(self) -> Vec<String> {
        self.first.iter().map(ToString::to_string).collect()
    }
}
