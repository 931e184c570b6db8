use onhand_domain::change::Cause;
use onhand_domain::policy::BackorderLimit;

use super::*;
use crate::http::samples::{SampleNames, change, changed, position_change, position_view};

fn shown(view: &PositionView) -> String {
    let mut json = Json::default();
    json.object(|json| Shown::from(view).write(json));
    String::from_utf8(json.into_bytes()).expect("text")
}

const PLAIN: &str = concat!(
    r#"{"itemId":"tea","locationId":"north","tracked":true,"onHand":20,"available":10,"reserved":3,"#,
    r#""committed":4,"damaged":2,"qualityHold":1,"inTransit":0,"safetyStock":3,"sellable":7,"#,
    r#""version":3,"sequence":42,"createdAt":"1970-01-01T00:00:00.000Z","#,
    r#""updatedAt":"1970-01-01T00:00:01.500Z"}"#
);

#[test]
fn a_position_is_shown_bucket_by_bucket() {
    assert_eq!(shown(&position_view()), PLAIN);
}

#[test]
fn what_was_set_is_shown_and_no_limit_is_null() {
    let mut view = position_view();
    view.sellable = None;
    view.tracking = Tracking::Untracked;
    view.bin = BinId::parse("A-1").ok();
    view.effective = Policy {
        min_stock: Some(Quantity::units(2)),
        max_stock: Some(Quantity::units(40)),
        safety_stock: None,
        backorder_limit: Some(BackorderLimit::Unlimited),
        low_stock_threshold: Some(Quantity::from_millionths(4_500_000)),
    };
    let text = shown(&view);
    for part in [
        r#""tracked":false,"#,
        concat!(
            r#""safetyStock":0,"sellable":null,"minStock":2,"maxStock":40,"#,
            r#""backorderLimit":"unlimited","lowStockThreshold":4.5,"version":3,"#
        ),
        r#""updatedAt":"1970-01-01T00:00:01.500Z","binId":"A-1"}"#,
    ] {
        assert!(text.contains(part), "{text}");
    }
    view.effective.backorder_limit = Some(BackorderLimit::Limited(Quantity::units(5)));
    assert!(shown(&view).contains(r#""backorderLimit":5,"#));
}

#[test]
fn a_record_shows_the_same_position_as_the_view() {
    let mut made = change(Cause::PolicySet);
    made.positions.push(position_change());
    let mut json = Json::default();
    assert!((POSITION.write)(&changed(made), &SampleNames, &mut json).is_some());
    assert_eq!(String::from_utf8(json.into_bytes()).expect("text"), PLAIN);
}

#[test]
fn a_record_without_terms_cannot_be_shown() {
    let mut made = change(Cause::PolicySet);
    let (mut json, names) = (Json::default(), SampleNames);
    assert!((POSITION.write)(&changed(made.clone()), &names, &mut json).is_none());
    made.positions.push(PositionChange { terms: None, ..position_change() });
    assert!((POSITION.write)(&changed(made), &names, &mut json).is_none());
}

fn asked<'a>(uri: &'a axum::http::Uri, body: &'a str) -> Asked<'a> {
    Asked { path: Path::of(uri), body: body.as_bytes() }
}

#[test]
fn a_policy_is_set_as_a_whole() {
    let uri = "/v1/positions/tea/north/policy".parse().expect("a path");
    let body = r#"{"minStock":2,"safetyStock":"0.5","backorderLimit":"unlimited"}"#;
    let action = set_policy_action(&asked(&uri, body)).expect("valid");
    let policy = Policy {
        min_stock: Some(Quantity::units(2)),
        safety_stock: Some(Quantity::from_millionths(500_000)),
        backorder_limit: Some(BackorderLimit::Unlimited),
        ..Policy::default()
    };
    let place = Place {
        item: ItemId::parse("tea").expect("valid"),
        location: LocationId::parse("north").expect("valid"),
    };
    assert_eq!(action, Action::SetPolicy { place: place.clone(), policy });
    let empty = set_policy_action(&asked(&uri, "")).expect("valid");
    assert_eq!(empty, Action::SetPolicy { place, policy: Policy::default() });
}

#[test]
fn wrong_terms_are_refused() {
    let uri = "/v1/positions/tea/north/policy".parse().expect("a path");
    for body in [
        r#"{"safetyStock":-1}"#,
        r#"{"minStock":"0.0000001"}"#,
        r#"{"maxStock":"NaN"}"#,
        r#"{"backorderLimit":"endless"}"#,
        r#"{"backorderLimit":-1}"#,
        r#"{"lowStockThreshold":"1e400"}"#,
    ] {
        let problem = set_policy_action(&asked(&uri, body)).expect_err(body);
        assert_eq!(problem.code(), Code::InvalidQuantity, "{body}");
    }
    let uri = "/v1/positions/tea/north/bin".parse().expect("a path");
    for (body, code) in [
        ("", Code::InvalidRequest),
        ("{}", Code::InvalidRequest),
        (r#"{"binId":7}"#, Code::InvalidRequest),
        (r#"{"binId":"a/b"}"#, Code::InvalidId),
    ] {
        let problem = assign_bin_action(&asked(&uri, body)).expect_err(body);
        assert_eq!(problem.code(), code, "{body}");
    }
    let uri = "/v1/positions/tea/n%2Fh/bin".parse().expect("a path");
    let problem = assign_bin_action(&asked(&uri, r#"{"binId":"A"}"#)).expect_err("a slash");
    assert_eq!(problem.code(), Code::InvalidId);
}
