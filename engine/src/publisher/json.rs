//! Whether a text is one JSON object (RFC 8259): a payload goes into envelopes as it is.

/// Deepest nesting that is taken.
const DEPTH_MAX: usize = 64;

/// Whether the text is one JSON object, without blanks around it.
pub(super) fn is_object(text: &str) -> bool {
    let mut rest = Rest(text.as_bytes());
    text.starts_with('{') && rest.value(DEPTH_MAX).is_some() && rest.0.is_empty()
}

/// What is left to be looked at. `None`: it is not JSON.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn blanks(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    fn take(&mut self, word: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        match self.0.first()? {
            b'{' => self.list(depth, b"{", b"}", |rest, depth| {
                rest.string()?;
                rest.blanks();
                rest.take(b":")?;
                rest.blanks();
                rest.value(depth)
            }),
            b'[' => self.list(depth, b"[", b"]", |rest, depth| rest.value(depth)),
            b'"' => self.string(),
            b't' => self.take(b"true"),
            b'f' => self.take(b"false"),
            b'n' => self.take(b"null"),
            _ => self.number(),
        }
    }

    fn list(
        &mut self,
        depth: usize,
        open: &[u8],
        close: &[u8],
        entry: fn(&mut Self, usize) -> Option<()>,
    ) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.take(open)?;
        self.blanks();
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            entry(self, depth)?;
            self.blanks();
            if self.take(close).is_some() {
                return Some(());
            }
            self.take(b",")?;
            self.blanks();
        }
    }

    fn string(&mut self) -> Option<()> {
        self.take(b"\"")?;
        loop {
            let (sign, rest) = self.0.split_first()?;
            self.0 = rest;
            match sign {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        let (sign, rest) = self.0.split_first()?;
        self.0 = rest;
        match sign {
            b'u' => {
                let (digits, rest) = self.0.split_at_checked(4)?;
                self.0 = rest;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            _ => None,
        }
    }

    fn digits(&mut self) -> Option<()> {
        let count = self.0.iter().take_while(|sign| sign.is_ascii_digit()).count();
        self.0 = self.0.get(count..)?;
        (count > 0).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        // The sign, the fraction and the exponent may be absent.
        let _ = self.take(b"-");
        if self.take(b"0").is_none() {
            self.digits()?;
        }
        if self.take(b".").is_some() {
            self.digits()?;
        }
        if self.take(b"e").or_else(|| self.take(b"E")).is_some() {
            let _ = self.take(b"+").or_else(|| self.take(b"-"));
            self.digits()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_object;

    #[test]
    fn objects_are_told_from_everything_else() {
        let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        for text in [
            "{}",
            "{ }",
            r#"{"a":1,"b":[true,false,null,-0.5e+3,"x\u00e4\n"],"c":{"d":[]}}"#,
            &deep(64),
        ] {
            assert!(is_object(text), "{text}");
        }
        for text in [
            "",
            " {}",
            "{} ",
            "[]",
            "1",
            "{",
            "}",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":+1}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"",
            "{\"a\":tru}",
            "{\"a\":\"\\u12g4\"}",
            "{}{}",
            &deep(65),
        ] {
            assert!(!is_object(text), "{text}");
        }
    }
}
