//! Types that we act on, in every spelling.

/// What happened elsewhere. A type joins here together with its action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum InType {
    /// Sold at a till.
    SaleCompleted,
    /// Goods came in.
    ReceiptCompleted,
    /// Goods have left for another location.
    TransferInitiated,
    /// Goods have arrived from another location.
    TransferCompleted,
}

/// How a type may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Its name alone.
    Bare,
    /// Behind the domain of whoever defined it, as in CloudEvents: `com.example.sale.completed`.
    Prefixed,
}

impl InType {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [
        Self::SaleCompleted,
        Self::ReceiptCompleted,
        Self::TransferInitiated,
        Self::TransferCompleted,
    ];

    /// Its canonical name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SaleCompleted => "SaleCompleted",
            Self::ReceiptCompleted => "ReceiptCompleted",
            Self::TransferInitiated => "TransferInitiated",
            Self::TransferCompleted => "TransferCompleted",
        }
    }

    /// The type that is written so: `SALE_COMPLETED`, `SaleCompleted`, `SaleCompletedEvent`,
    /// `sale.completed`; `None` for one that we do not act on.
    pub(super) fn parse(written: &str, form: Form) -> Option<Self> {
        match form {
            Form::Bare => Self::bare(written),
            Form::Prefixed => {
                let ends =
                    std::iter::successors(Some(written), |name| Some(name.split_once('.')?.1));
                ends.into_iter().find_map(Self::bare)
            }
        }
    }

    fn bare(written: &str) -> Option<Self> {
        let name = written.strip_suffix("Event").unwrap_or(written);
        Self::ALL.into_iter().find(|known| known.is_written(name))
    }

    /// Whether these are its words: each begins with a capital, or stands apart by `_` or `.`.
    fn is_written(self, name: &str) -> bool {
        let canonical = self.as_str();
        if name == canonical {
            return true;
        }
        let separator = if name.contains('.') { b'.' } else { b'_' };
        let mut rest = name.bytes();
        for (place, letter) in canonical.bytes().enumerate() {
            if place > 0 && letter.is_ascii_uppercase() && rest.next() != Some(separator) {
                return false;
            }
            // Dotted names are small, the others capital.
            let expected = if separator == b'.' {
                letter.to_ascii_lowercase()
            } else {
                letter.to_ascii_uppercase()
            };
            if rest.next() != Some(expected) {
                return false;
            }
        }
        rest.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_understood() {
        for (written, expected) in [
            ("SALE_COMPLETED", Some(InType::SaleCompleted)),
            ("SaleCompleted", Some(InType::SaleCompleted)),
            ("SaleCompletedEvent", Some(InType::SaleCompleted)),
            ("sale.completed", Some(InType::SaleCompleted)),
            ("RECEIPT_COMPLETED", Some(InType::ReceiptCompleted)),
            ("ReceiptCompletedEvent", Some(InType::ReceiptCompleted)),
            ("receipt.completed", Some(InType::ReceiptCompleted)),
            ("TRANSFER_INITIATED", Some(InType::TransferInitiated)),
            ("TransferInitiatedEvent", Some(InType::TransferInitiated)),
            ("transfer.initiated", Some(InType::TransferInitiated)),
            ("TRANSFER_COMPLETED", Some(InType::TransferCompleted)),
            ("TransferCompletedEvent", Some(InType::TransferCompleted)),
            ("transfer.completed", Some(InType::TransferCompleted)),
            ("order.placed", None),
            ("inventory.transfer.completed", None),
            ("com.example.sale.completed", None),
            ("SALECOMPLETED", None),
            ("sale_completed", None),
            ("SALE_COMPLETED_", None),
            ("SALE_COMPLETEDX", None),
            ("Sale.Completed", None),
            ("SALE", None),
            ("Event", None),
            ("", None),
        ] {
            assert_eq!(InType::parse(written, Form::Bare), expected, "{written}");
        }
    }

    #[test]
    fn cloudevents_have_a_prefix() {
        for (written, expected) in [
            ("com.example.sale.completed", Some(InType::SaleCompleted)),
            ("com.example.SaleCompleted", Some(InType::SaleCompleted)),
            ("com.example.SALE_COMPLETED", Some(InType::SaleCompleted)),
            ("sale.completed", Some(InType::SaleCompleted)),
            ("SaleCompletedEvent", Some(InType::SaleCompleted)),
            ("com.example.sale.completed.v2", None),
            ("...", None),
        ] {
            assert_eq!(InType::parse(written, Form::Prefixed), expected, "{written}");
        }
    }
}
