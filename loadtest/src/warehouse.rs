//! The positions of a run and their names: every item at every location, numbered.

use serde::Serialize;

/// Number of a position, from 0.
pub type Position = u32;

/// How many items and locations a run has. A position is `item × locations + location`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Warehouse {
    /// Items, at least one.
    pub items: u32,
    /// Locations, at least one.
    pub locations: u32,
}

impl Warehouse {
    /// Number of positions. The command line keeps the product within 32 bits.
    #[must_use]
    pub const fn positions(self) -> u32 {
        self.items.saturating_mul(self.locations)
    }

    /// Appends `"itemId":"…","locationId":"…"` of a position.
    pub fn write_place(self, position: Position, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"itemId\":\"item-");
        write_padded(u64::from(position / self.locations), 8, out);
        out.extend_from_slice(b"\",\"locationId\":\"loc-");
        write_padded(u64::from(position % self.locations), 4, out);
        out.push(b'"');
    }

    /// The position that carries these names, if it is one of ours.
    #[must_use]
    pub fn find(self, item_id: &str, location_id: &str) -> Option<Position> {
        let item = number_behind(item_id, "item-", 8).filter(|item| *item < self.items)?;
        let location =
            number_behind(location_id, "loc-", 4).filter(|location| *location < self.locations)?;
        item.checked_mul(self.locations)?.checked_add(location)
    }

    /// Item and location of a position.
    #[must_use]
    pub fn place(self, position: Position) -> (String, String) {
        let (item, location) = (position / self.locations, position % self.locations);
        (format!("item-{item:08}"), format!("loc-{location:04}"))
    }

    /// `item/location` of a position, for people.
    #[must_use]
    pub fn label(self, position: Position) -> String {
        let (item, location) = self.place(position);
        format!("{item}/{location}")
    }
}

fn number_behind(id: &str, prefix: &str, width: usize) -> Option<u32> {
    let digits = id.strip_prefix(prefix)?;
    let whole = digits.len() >= width && digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole { digits.parse().ok() } else { None }
}

/// Appends `value` with at least `width` digits.
pub fn write_padded(value: u64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = value;
    while rest > 0 || out.len() < start + width {
        out.push(b'0' + u8::try_from(rest % 10).expect("one digit fits in a byte"));
        rest /= 10;
    }
    out[start..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_found_by_the_name_it_was_given() {
        let warehouse = Warehouse { items: 30, locations: 4 };
        for position in 0..warehouse.positions() {
            let mut out = b"{".to_vec();
            warehouse.write_place(position, &mut out);
            out.push(b'}');
            let names: std::collections::HashMap<String, String> =
                serde_json::from_slice(&out).unwrap();
            assert_eq!(warehouse.find(&names["itemId"], &names["locationId"]), Some(position));
            let (item, location) = warehouse.place(position);
            assert_eq!((&item, &location), (&names["itemId"], &names["locationId"]));
        }
    }

    #[test]
    fn foreign_names_are_nobodys() {
        let warehouse = Warehouse { items: 30, locations: 4 };
        for (item, location) in [
            ("item-00000030", "loc-0000"),
            ("item-00000001", "loc-0004"),
            ("item-1", "loc-0000"),
            ("item-+0000001", "loc-0000"),
            ("shoe", "loc-0000"),
            ("item-00000001", "WH-01"),
        ] {
            assert_eq!(warehouse.find(item, location), None, "{item} {location}");
        }
    }
}
