//! Words of reasons in lower_snake.

use std::borrow::Cow;

/// Why stock moved: the seeds' words for what they know, else the caller's, else `unknown`.
pub(super) fn movement<'a>(kind: &str, given: Option<&'a str>) -> Cow<'a, str> {
    Cow::Borrowed(match kind {
        "FULFIL" => "order_shipment",
        "RETURN" => "customer_return",
        "EXPIRED" => "expired",
        _ => return reason(given),
    })
}

/// What the caller gave as the reason, else `unknown`.
pub(super) fn reason(text: Option<&str>) -> Cow<'_, str> {
    let word = lower_snake(text.unwrap_or_default());
    if word.is_empty() { Cow::Borrowed("unknown") } else { word }
}

/// `INSUFFICIENT_STOCK`, `Changed her mind` and `changedHerMind` as `insufficient_stock`,
/// `changed_her_mind`: letters and digits of any script stay, all else becomes one `_`.
pub(super) fn lower_snake(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut word = String::with_capacity(text.len());
    let mut follows_small = false;
    for sign in text.chars() {
        if !sign.is_alphanumeric() {
            follows_small = false;
            if !word.is_empty() && !word.ends_with('_') {
                word.push('_');
            }
            continue;
        }
        if sign.is_uppercase() && follows_small {
            word.push('_');
        }
        follows_small = sign.is_lowercase() || sign.is_numeric();
        word.extend(sign.to_lowercase());
    }
    if word.ends_with('_') {
        word.pop();
    }
    Cow::Owned(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_snake() {
        for (text, expected) in [
            ("INSUFFICIENT_STOCK", "insufficient_stock"),
            ("EXPIRED", "expired"),
            ("payment_failed", "payment_failed"),
            ("Changed her mind!", "changed_her_mind"),
            ("changedHerMind", "changed_her_mind"),
            ("out-of-stock / lost", "out_of_stock_lost"),
            ("Größe", "größe"),
            ("a\"b\n", "a_b"),
            ("  ", ""),
        ] {
            assert_eq!(lower_snake(text), expected, "{text}");
        }
    }

    #[test]
    fn reasons_are_the_callers_or_unknown() {
        assert_eq!(reason(Some("Payment failed")), "payment_failed");
        for none in [None, Some(""), Some(" ? ")] {
            assert_eq!(reason(none), "unknown");
        }
        assert_eq!(movement("FULFIL", Some("late")), "order_shipment");
        assert_eq!(movement("RETURN", None), "customer_return");
        assert_eq!(movement("EXPIRED", None), "expired");
        assert_eq!(movement("ADJUSTMENT", Some("Broken glass")), "broken_glass");
        assert_eq!(movement("SALE", None), "unknown");
    }
}
