//! Where in a JSON text a byte stands: `lines[3].quantity`. Only looked for when something is wrong.

use std::fmt::Write as _;

/// A container that is open at the byte we look for.
enum Open<'a> {
    /// An object; the key whose value stands here, as written.
    Object(&'a str),
    /// An array; how many elements came before.
    Array(usize),
}

/// The path to the byte at `offset`; empty at the top.
pub(crate) fn path_at(text: &str, offset: usize) -> String {
    let bytes = &text.as_bytes()[..offset.min(text.len())];
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' => open.push(Open::Object("")),
            b'[' => open.push(Open::Array(0)),
            b'}' | b']' => {
                open.pop();
            }
            b',' => {
                if let Some(Open::Array(index)) = open.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let end = string_end(bytes, at + 1);
                // A string is a key when a colon follows it in an object.
                let colon = bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace());
                if let (Some(Open::Object(key)), Some(b':')) = (open.last_mut(), colon) {
                    *key = text.get(at + 1..end - 1).unwrap_or_default();
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    written(&open)
}

/// The place of a line and column, both counted from one, as bytes.
pub(crate) fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    before + column
}

/// Just behind the closing quote of a string whose content begins at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn written(open: &[Open<'_>]) -> String {
    let mut path = String::new();
    for container in open {
        match container {
            Open::Object("") => {}
            Open::Object(key) if path.is_empty() => path.push_str(key),
            Open::Object(key) => {
                path.push('.');
                path.push_str(key);
            }
            Open::Array(index) => write!(path, "[{index}]").expect("a string takes all"),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text_with_mark: &str, expected: &str) {
        let offset = text_with_mark.find('^').expect("a mark");
        let text = text_with_mark.replace('^', "");
        assert_eq!(path_at(&text, offset), expected, "{text_with_mark}");
    }

    #[test]
    fn a_byte_is_found_by_its_path() {
        check("^{}", "");
        check("{\"name\": ^7}", "name");
        check("{\"name\": 7^}", "name");
        check("{\"a\": 1, \"b\": ^x}", "b");
        check("{\"lines\": [{\"itemId\": \"t\"}, {\"itemId\": ^7}]}", "lines[1].itemId");
        check("{\"lines\": [{\"itemId\": \"t\"}^]}", "lines[0]");
        check("{\"a\": {\"b\": 1}, \"c\": ^}", "c");
        check("[[1, 2], [3, ^4]]", "[1][1]");
        check("{\"a\": \"}{[,\\\"\", \"b\" : ^1}", "b");
        check("{\"a\": \"un^closed", "a");
    }

    #[test]
    fn lines_and_columns_are_bytes() {
        let text = "{\n  \"é\": 1,\n  \"b\": x\n}";
        assert_eq!(&text[offset_of(text, 3, 7)..=offset_of(text, 3, 7)], "x");
        assert_eq!(offset_of(text, 1, 0), 0);
        assert!(path_at(text, offset_of(text, 9, 9)).is_empty());
    }
}
