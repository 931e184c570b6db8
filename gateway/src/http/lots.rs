//! The layers of a position, as callers see them.

use onhand_domain::ids::LotNumber;
use onhand_domain::layer::{Area, Layer};
use utoipa::ToSchema;

use crate::dialect::shown_day;
use crate::http::json::Json;
use crate::http::schema::Figure;

/// Where a layer lies.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum LotPlace {
    /// available, reserved and committed together.
    Shelf,
    Damaged,
    QualityHold,
    InTransit,
}

/// A layer of stock.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Lot {
    /// `null`: stock without a lot number, by receipt.
    #[schema(required)]
    lot_number: Option<String>,
    /// Last day (UTC) on which it may be sold.
    #[schema(format = Date)]
    expiry_date: Option<String>,
    #[schema(format = DateTime)]
    received_at: String,
    quantity: Figure,
    /// Absent: nobody said what it costs.
    unit_cost: Option<Figure>,
    place: LotPlace,
}

/// The word for where a layer lies.
pub(crate) const fn area_word(area: Area) -> &'static str {
    match area {
        Area::Shelf => "shelf",
        Area::Damaged => "damaged",
        Area::QualityHold => "qualityHold",
        Area::InTransit => "inTransit",
    }
}

/// Writes `lots`: those of the shelf in the order in which they will be picked, then the others by age.
pub(crate) fn write(layers: &[(Area, Layer)], json: &mut Json) {
    json.array_at("lots", |json| {
        for (area, Layer { origin, quantity }) in layers {
            json.object(|json| {
                json.text_or_null("lotNumber", origin.lot.as_ref().map(LotNumber::as_str));
                json.text_if("expiryDate", origin.expiry.map(shown_day).as_deref());
                json.time("receivedAt", origin.received_at);
                json.quantity("quantity", *quantity);
                json.money_if("unitCost", origin.unit_cost);
                json.text("place", area_word(*area));
            });
        }
    });
}
