//! Lists: pages of `{items, nextCursor?}`, and the opaque cursors between them.

use onhand_domain::stable_hash::StableHasher;
use std::hash::Hasher as _;

use crate::http::answer::Answer;
use crate::http::json::Json;
use crate::http::problem::Problem;
use crate::http::query::Query;

/// Entries of a page unless told otherwise.
const LIMIT_DEFAULT: usize = 100;
/// Most entries of a page.
const LIMIT_MAX: usize = 1_000;

/// The list a cursor belongs to: it is refused by every other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    /// `/v1/items`.
    Items = 1,
    /// `/v1/locations`.
    Locations = 2,
    /// `/v1/locations/{locationId}/bins`.
    Bins = 3,
    /// `/v1/positions`.
    Positions = 4,
    /// `/v1/reservations`.
    Reservations = 5,
    /// `/v1/allocations/by-order/{orderId}`.
    Allocations = 6,
    /// `/reports/low-stock`.
    LowStock = 7,
    /// `/v1/admin/failed-events`.
    FailedEvents = 8,
    /// `/v1/admin/consumed-events`.
    ConsumedEvents = 9,
    /// `/reports/inventory-value`.
    InventoryValue = 10,
}

/// Where a page ends: a number that orders the list, and a place inside that entry where a page may
/// end within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The entry.
    pub(crate) number: u64,
    /// The place in it.
    pub(crate) place: u32,
}

impl From<u64> for Cursor {
    fn from(number: u64) -> Self {
        Self { number, place: 0 }
    }
}

impl Cursor {
    fn check(self, list: List) -> u64 {
        let mut hasher = StableHasher::default();
        hasher.write_u8(list as u8);
        hasher.write_u64(self.number);
        hasher.write_u32(self.place);
        hasher.finish() & 0xffff_ffff
    }

    /// Opaque to callers: two numbers, and a check that they are ours and of this list.
    fn encode(self, list: List) -> String {
        format!("{:x}-{:x}-{:08x}", self.number, self.place, self.check(list))
    }

    fn decode(list: List, text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let number = u64::from_str_radix(parts.next()?, 16).ok()?;
        let place = u32::from_str_radix(parts.next()?, 16).ok()?;
        let check = u64::from_str_radix(parts.next()?, 16).ok()?;
        let cursor = Self { number, place };
        (parts.next().is_none() && check == cursor.check(list)).then_some(cursor)
    }
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// After this one.
    pub(crate) after: Option<Cursor>,
    /// At most so many entries.
    pub(crate) limit: usize,
}

impl Wanted {
    /// `limit` and `cursor` of a request.
    ///
    /// # Errors
    /// 400 `INVALID_REQUEST`; 422 `LIMIT_EXCEEDED` above 1,000.
    pub(crate) fn of(list: List, query: &Query<'_>) -> Result<Self, Problem> {
        let limit = limit_of(query)?;
        let after = match query.text("cursor") {
            None => None,
            Some(text) => Some(Cursor::decode(list, text).ok_or_else(|| {
                Problem::malformed("`cursor` is not one that this list gave out")
                    .with(|json| json.text("field", "cursor"))
            })?),
        };
        Ok(Self { after, limit })
    }

    /// Where the page begins in a list whose cursors are places.
    pub(crate) fn start(&self) -> usize {
        self.after.map_or(0, |cursor| usize::try_from(cursor.number).unwrap_or(usize::MAX))
    }
}

/// How many entries a page has.
///
/// # Errors
/// 400 `INVALID_REQUEST`, 422 `LIMIT_EXCEEDED`.
pub(crate) fn limit_of(query: &Query<'_>) -> Result<usize, Problem> {
    match query.text("limit") {
        None => Ok(LIMIT_DEFAULT),
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if limit > LIMIT_MAX => Err(Problem::limit(LIMIT_MAX, "entries per page")),
            Ok(limit) if limit > 0 => Ok(limit),
            _ => {
                let detail = format!("`limit` is a number from 1 to {LIMIT_MAX}");
                Err(Problem::malformed(detail).with(|json| json.text("field", "limit")))
            }
        },
    }
}

/// A page; `write` writes each entry as one object.
pub(crate) fn page<T>(
    list: List,
    items: &[T],
    next: Option<impl Into<Cursor>>,
    write: impl FnMut(&T, &mut Json),
) -> Answer {
    page_with(list, items, next, write, |_| {})
}

/// The same, with members of its own before the items.
pub(crate) fn page_with<T>(
    list: List,
    items: &[T],
    next: Option<impl Into<Cursor>>,
    mut write: impl FnMut(&T, &mut Json),
    members: impl FnOnce(&mut Json),
) -> Answer {
    Answer::object(|json| {
        members(json);
        json.array_at("items", |json| items.iter().for_each(|item| write(item, json)));
        if let Some(next) = next {
            json.text("nextCursor", &next.into().encode(list));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;
    use axum::http::Uri;

    const CURSOR: Cursor = Cursor { number: 0xdead_beef_0042, place: 7 };

    fn wanted(query: &str) -> Result<Wanted, Problem> {
        let uri: Uri = format!("/v1/items?{query}").parse().expect("a path");
        Wanted::of(List::Items, &Query::of(&uri))
    }

    #[test]
    fn cursors_come_back_as_they_were() {
        for cursor in [CURSOR, Cursor::from(0), Cursor::from(u64::MAX)] {
            let text = cursor.encode(List::Items);
            assert_eq!(Cursor::decode(List::Items, &text), Some(cursor), "{text}");
        }
        let page = wanted(&format!("cursor={}", CURSOR.encode(List::Items))).expect("ours");
        assert_eq!(page.after, Some(CURSOR));
    }

    #[test]
    fn cursors_of_others_are_refused() {
        let ours = CURSOR.encode(List::Items);
        let check = &ours[ours.len() - 8..];
        for text in [
            CURSOR.encode(List::Positions),
            ours.replacen('7', "8", 1),
            format!("1-0-{check}"),
            format!("{ours}-0"),
            ours[..ours.len() - 1].to_owned(),
            String::new(),
            "nonsense".to_owned(),
            "%00%01".to_owned(),
        ] {
            let problem = wanted(&format!("cursor={text}")).expect_err(&text);
            assert_eq!((problem.status().as_u16(), problem.code()), (400, Code::InvalidRequest));
        }
    }

    #[test]
    fn a_page_has_a_hundred_entries_unless_told_otherwise() {
        for (query, expected) in [("", 100), ("limit=1", 1), ("limit=1000", 1_000)] {
            assert_eq!(wanted(query).expect("valid").limit, expected);
        }
        for (query, status, code) in [
            ("limit=0", 400, Code::InvalidRequest),
            ("limit=-1", 400, Code::InvalidRequest),
            ("limit=many", 400, Code::InvalidRequest),
            ("limit=", 400, Code::InvalidRequest),
            ("limit=1001", 422, Code::LimitExceeded),
        ] {
            let problem = wanted(query).expect_err(query);
            assert_eq!((problem.status().as_u16(), problem.code()), (status, code), "{query}");
        }
    }
}
