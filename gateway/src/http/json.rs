//! Answers are written as JSON straight into one buffer: nothing is built first, nothing is copied.

use onhand_domain::quantity::{Money, ONE, Quantity};
use onhand_domain::time::Timestamp;

use crate::http::timestamp;

/// A JSON text in the making.
///
/// Commas are set by themselves: a value that follows anything but an opening bracket, a colon or a
/// line break gets one in front of it. Keys are written by us and need no escaping.
#[derive(Debug, Default)]
pub(crate) struct Json {
    out: Vec<u8>,
}

impl Json {
    /// An empty text with room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    /// The text as it is.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// How far it has come; [`Json::cut`] takes back what is written from here on.
    pub(crate) fn mark(&self) -> usize {
        self.out.len()
    }

    /// Takes back what was written since the mark.
    pub(crate) fn cut(&mut self, mark: usize) {
        self.out.truncate(mark);
    }

    /// What is written so far.
    pub(crate) fn written(&self) -> &[u8] {
        &self.out
    }

    /// Begins another text behind what is written, on a line of its own.
    pub(crate) fn begin_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    /// Writes further members into the object that was written last.
    pub(crate) fn extend(&mut self, write: impl FnOnce(&mut Self)) {
        assert_eq!(self.out.pop(), Some(b'}'), "an object was written last");
        write(self);
        self.out.push(b'}');
    }

    /// `{…}`: as a whole text, or as an element of an array.
    pub(crate) fn object<R>(&mut self, write: impl FnOnce(&mut Self) -> R) -> R {
        self.separate();
        self.out.push(b'{');
        let written = write(self);
        self.out.push(b'}');
        written
    }

    /// `"key":{…}`.
    pub(crate) fn object_at<R>(&mut self, key: &str, write: impl FnOnce(&mut Self) -> R) -> R {
        self.key(key);
        self.object(write)
    }

    /// `"key":[…]`.
    pub(crate) fn array_at<R>(&mut self, key: &str, write: impl FnOnce(&mut Self) -> R) -> R {
        self.key(key);
        self.out.push(b'[');
        let written = write(self);
        self.out.push(b']');
        written
    }

    /// `"text"`, as an element of an array.
    pub(crate) fn element(&mut self, text: &str) {
        self.separate();
        self.string(text);
    }

    /// `"key":"text"`.
    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.string(text);
    }

    /// `"key":"text"`, or nothing at all.
    pub(crate) fn text_if(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    /// `"key":"text"` or `"key":null`.
    pub(crate) fn text_or_null(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.null(key),
        }
    }

    /// `"key":null`.
    pub(crate) fn null(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"null");
    }

    /// `"key":true` or `"key":false`.
    pub(crate) fn truth(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// `"key":42`.
    pub(crate) fn number(&mut self, key: &str, value: impl Into<u64>) {
        self.key(key);
        self.digits(value.into());
    }

    /// `"key":-42`.
    pub(crate) fn integer(&mut self, key: &str, value: impl Into<i64>) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(value.into()).as_bytes());
    }

    /// `"key":1.03`.
    pub(crate) fn quantity(&mut self, key: &str, quantity: Quantity) {
        self.key(key);
        self.decimal(quantity.millionths().into());
    }

    /// `"key":1.03`, from a sum of millionths that may be larger than a quantity.
    pub(crate) fn sum(&mut self, key: &str, millionths: i128) {
        self.key(key);
        self.decimal(millionths);
    }

    /// `"key":1.03`, or nothing at all.
    pub(crate) fn quantity_if(&mut self, key: &str, quantity: Option<Quantity>) {
        if let Some(quantity) = quantity {
            self.quantity(key, quantity);
        }
    }

    /// `"key":1.03`, or `"key":null` where there is no limit.
    pub(crate) fn quantity_or_null(&mut self, key: &str, quantity: Option<Quantity>) {
        match quantity {
            Some(quantity) => self.quantity(key, quantity),
            None => self.null(key),
        }
    }

    /// `"key":1.03`, or nothing at all.
    pub(crate) fn money_if(&mut self, key: &str, money: Option<Money>) {
        if let Some(money) = money {
            self.key(key);
            self.decimal(money.millionths().into());
        }
    }

    /// `"key":1.03`, or `null`.
    pub(crate) fn money_or_null(&mut self, key: &str, money: Option<Money>) {
        self.key(key);
        match money {
            Some(money) => self.decimal(money.millionths().into()),
            None => self.out.extend_from_slice(b"null"),
        }
    }

    /// A sum of money in millionths, which may be larger than one amount.
    pub(crate) fn money_sum(&mut self, key: &str, millionths: i128) {
        self.key(key);
        self.decimal(millionths);
    }

    /// `"key":"2026-02-09T12:00:00.000Z"`.
    pub(crate) fn time(&mut self, key: &str, time: Timestamp) {
        self.key(key);
        self.out.push(b'"');
        timestamp::write(time, &mut self.out);
        self.out.push(b'"');
    }

    /// `"key":"2026-02-09T12:00:00.000Z"`, or nothing at all.
    pub(crate) fn time_if(&mut self, key: &str, time: Option<Timestamp>) {
        if let Some(time) = time {
            self.time(key, time);
        }
    }

    /// `"key":"2026-02-09T12:00:00.000Z"`, or `"key":null` where there is none.
    pub(crate) fn time_or_null(&mut self, key: &str, time: Option<Timestamp>) {
        match time {
            Some(time) => self.time(key, time),
            None => self.null(key),
        }
    }

    /// Members that were written elsewhere, as `"key":value,…` without brackets; may be empty.
    pub(crate) fn members(&mut self, members: &[u8]) {
        if !members.is_empty() {
            self.separate();
            self.out.extend_from_slice(members);
        }
    }

    #[inline]
    fn separate(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':' | b'\n')) {
            self.out.push(b',');
        }
    }

    /// `"key":`, for a value that is written next.
    #[inline]
    pub(crate) fn key(&mut self, key: &str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn digits(&mut self, value: u64) {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn decimal(&mut self, millionths: i128) {
        let magnitude = millionths.unsigned_abs();
        if millionths < 0 {
            self.out.push(b'-');
        }
        // Almost all figures fit 64 bits, where dividing is many times cheaper.
        let rest = if let Ok(magnitude) = u64::try_from(magnitude) {
            self.digits(magnitude / ONE.unsigned_abs());
            magnitude % ONE.unsigned_abs()
        } else {
            let one = u128::from(ONE.unsigned_abs());
            self.out.extend_from_slice(itoa::Buffer::new().format(magnitude / one).as_bytes());
            u64::try_from(magnitude % one).expect("less than a million")
        };
        self.places(rest);
    }

    /// The six decimal places, without the zeros at their end.
    fn places(&mut self, rest: u64) {
        if rest == 0 {
            return;
        }
        let mut buffer = itoa::Buffer::new();
        // A leading one keeps the leading zeros.
        let digits = buffer.format(ONE.unsigned_abs() + rest);
        self.out.push(b'.');
        self.out.extend_from_slice(digits[1..].trim_end_matches('0').as_bytes());
    }

    fn string(&mut self, text: &str) {
        self.out.push(b'"');
        let mut written = 0;
        for (at, byte) in text.bytes().enumerate() {
            if !matches!(byte, b'"' | b'\\' | 0..0x20) {
                continue;
            }
            self.out.extend_from_slice(&text.as_bytes()[written..at]);
            written = at + 1;
            match byte {
                b'"' => self.out.extend_from_slice(b"\\\""),
                b'\\' => self.out.extend_from_slice(b"\\\\"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                control => {
                    let digits = b"0123456789abcdef";
                    let (high, low) = (usize::from(control >> 4), usize::from(control & 15));
                    self.out.extend_from_slice(b"\\u00");
                    self.out.extend_from_slice(&[digits[high], digits[low]]);
                }
            }
        }
        self.out.extend_from_slice(&text.as_bytes()[written..]);
        self.out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(write: impl FnOnce(&mut Json), expected: &str) {
        let mut json = Json::default();
        json.object(write);
        let bytes = json.into_bytes();
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
        serde_json::from_slice::<serde_json::Value>(&bytes).expect("what is written is JSON");
    }

    #[test]
    fn figures_are_exact() {
        let figure = |text: &str, expected: &str| {
            let quantity = Quantity::parse(text).expect("a number");
            check(|json| json.quantity("q", quantity), &format!("{{\"q\":{expected}}}"));
        };
        figure("0", "0");
        figure("2.0", "2");
        figure("-0", "0");
        figure("1.03", "1.03");
        figure("0.1", "0.1");
        figure("0.000001", "0.000001");
        figure("-0.5", "-0.5");
        figure("-12.050600", "-12.0506");
        figure("1000000000000", "1000000000000");
        figure("123456789.123456", "123456789.123456");
    }

    #[test]
    fn sums_may_be_larger_than_a_quantity() {
        let sum = i128::from(i64::MAX) * 3 + 500_000;
        check(|json| json.sum("q", sum), "{\"q\":27670116110564.827421}");
        check(|json| json.sum("q", -sum), "{\"q\":-27670116110564.827421}");
        check(|json| json.sum("q", 2_500_000), "{\"q\":2.5}");
    }

    #[test]
    fn texts_are_escaped() {
        check(
            |json| json.text("t", "a \"b\" \\ \n\r\t\u{1}\u{1f} é 日本"),
            "{\"t\":\"a \\\"b\\\" \\\\ \\n\\r\\t\\u0001\\u001f é 日本\"}",
        );
        check(|json| json.text("t", ""), "{\"t\":\"\"}");
    }

    #[test]
    fn commas_stand_between_members_and_elements() {
        check(
            |json| {
                json.object_at("a", |_| ());
                json.array_at("b", |json| {
                    json.object(|json| json.number("n", 1u32));
                    json.object(|json| json.integer("n", -1));
                });
                json.array_at("e", |json| ["x", "y"].map(|text| json.element(text)));
                json.members(b"\"x\":1");
                json.members(b"");
                json.truth("c", true);
                json.null("d");
            },
            "{\"a\":{},\"b\":[{\"n\":1},{\"n\":-1}],\"e\":[\"x\",\"y\"],\"x\":1,\"c\":true,\"d\":null}",
        );
    }

    #[test]
    fn what_is_absent_is_left_out_or_null() {
        check(
            |json| {
                json.text_if("a", None);
                json.text_or_null("b", None);
                json.quantity_if("c", None);
                json.quantity_or_null("d", None);
                json.time_if("e", None);
                json.time_or_null("f", None);
                json.money_if("g", None);
            },
            "{\"b\":null,\"d\":null,\"f\":null}",
        );
    }
}
