use std::boxed::Box;
use std::format;
use std::vec;

use super::*;
use crate::command::{Action, RequestedLine, Reserve, Wanted};
use crate::ids::{ItemId, LocationId, Reference};
use crate::quantity::Quantity;

/// The values were also computed by another program. Shown when one is not what it was.
const WARNING: &str = "this value is on our users' disks: the code is wrong, not the test";

#[test]
fn values_are_pinned() {
    let eight = "12345678";
    for (parts, expected) in [
        (&[][..], 0x3360_5fe8_2fa6_0161_u64),
        (&[""][..], 0x7ab3_0f69_bf5a_3f33),
        (&["default", "item-1"][..], 0xe116_2e09_ada0_3031),
        (&[eight], 0x0383_23f2_8400_f907),
        (&[eight, "\0"], 0xcc1c_f1f4_d9f6_e4ea),
        (&["日本"], 0x011d_7d19_65a4_c707),
    ] {
        assert_eq!(stable_hash(parts), expected, "{parts:?}: {WARNING}");
    }
}

#[test]
fn partitions_are_pinned() {
    for (tenant, item, partitions, expected) in
        [("default", "item-1", 64, 49), ("default", "item-2", 64, 29), ("t", "日本", 1024, 823)]
    {
        assert_eq!(partition_of(tenant, item, partitions), expected, "{tenant} {item}: {WARNING}");
    }
}

/// One action of every shape that goes into a hash: texts, numbers, lists, options, boxes.
#[test]
fn fingerprints_are_pinned() {
    let item = ItemId::parse("item-1").expect("valid");
    let location = LocationId::parse("north").expect("valid");
    let confirm = Action::Confirm { reservation: 7 };
    let extend = Action::Extend { reservation: 7, ttl_ms: -1 };
    let reserve = Action::Reserve(Box::new(Reserve {
        order: Some(Reference::parse("O-1").expect("valid")),
        customer: None,
        local: None,
        required_at: None,
        ttl_ms: Some(900_000),
        completeness: crate::command::Completeness::Whole,
        max_splits: Some(2),
        backorder: crate::command::Backorder::Policy,
        lines: vec![RequestedLine {
            item,
            quantity: Quantity::units(2),
            wanted: Wanted::Only(location),
            lot: None,
        }],
    }));
    for (action, expected) in [
        (confirm, 0x7f49_cd96_6066_f8d9),
        (extend, 0x19a8_66e2_133f_f0e0),
        (reserve, 0x5d61_b1a2_1b3e_6c94),
    ] {
        assert_eq!(action.fingerprint(), expected, "{action:?}: {WARNING}");
    }
}

#[test]
fn what_differs_is_told_apart() {
    let texts = ["", "\0", "\0\0", "a", "a\0", "1234567", "1234567\0", "1234567\u{7}", "12345678"];
    for (at, one) in texts.iter().enumerate() {
        for other in &texts[at + 1..] {
            assert_ne!(stable_hash(&[one]), stable_hash(&[other]), "{one:?} {other:?}");
        }
    }
    assert_ne!(stable_hash(&["ab", "c"]), stable_hash(&["a", "bc"]));
    assert_ne!(stable_hash(&["ab", ""]), stable_hash(&["ab"]));
    let mut seeded = StableHasher::seeded(1);
    seeded.write(b"ab");
    assert_ne!(seeded.finish(), stable_hash(&["ab"]));
}

/// Items are spread evenly: no slice of 64 has twice its share, or half of it.
#[test]
fn partitions_are_even() {
    let mut slices = [0_u32; 64];
    for number in 0..64_000 {
        let slice = partition_of("default", &format!("item-{number}"), 64);
        slices[usize::from(slice)] += 1;
    }
    let (least, most) = (slices.iter().min(), slices.iter().max());
    assert!(least > Some(&800) && most < Some(&1_200), "{slices:?}");
}
