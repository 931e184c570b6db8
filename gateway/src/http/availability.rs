//! How much can be sold right now: many items at many locations in one call.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::catalog::Tracking;
use onhand_domain::ids::{ItemId, LocationId, TenantId};
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;
use onhand_engine::history::Basis;
use onhand_engine::view::{PositionView, View};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Look};
use crate::http::body::{Word, parse};
use crate::http::catalog::items;
use crate::http::decimal::Field;
use crate::http::door::Door;
use crate::http::extract::{self, BODY_BYTES_MAX, Headers, id};
use crate::http::instants::{basis_of, kept_instant_of};
use crate::http::json::Json;
use crate::http::problem::Problem;
use crate::http::schema;

/// Most items, and most locations, that one call may name.
const NAMES_MAX: usize = 10_000;
/// Most pairs of item and location that one call answers.
const PAIRS_MAX: usize = 100_000;
/// Most pairs that are answered as of an instant: about 0.3 ms each.
const PAIRS_AS_OF_MAX: usize = 10_000;
/// Pairs up to which a call is answered on the thread of its connection: about 100 µs.
const PAIRS_AT_ONCE: usize = 256;

/// Sums over the positions of an item, or of several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum {
    /// In millionths.
    pub(crate) available: i128,
    /// In millionths; `None`: no limit somewhere.
    pub(crate) sellable: Option<i128>,
}

impl Sum {
    /// Nothing yet. Of an item whose stock is not counted, any amount can be sold.
    pub(crate) const fn start(tracking: Tracking) -> Self {
        let sellable = match tracking {
            Tracking::Tracked => Some(0),
            Tracking::Untracked => None,
        };
        Self { available: 0, sellable }
    }

    /// Adds a position.
    pub(crate) fn add(&mut self, available: Quantity, sellable: Option<Quantity>) {
        self.available += i128::from(available.millionths());
        self.sellable = self
            .sellable
            .and_then(|sum| sellable.map(|sellable| sum + i128::from(sellable.millionths())));
    }

    /// Writes `sellable` and `available`.
    pub(crate) fn write(&self, json: &mut Json) {
        match self.sellable {
            Some(sellable) => json.sum("sellable", sellable),
            None => json.null("sellable"),
        }
        json.sum("available", self.available);
    }
}

/// What is asked.
#[derive(Debug)]
struct Question {
    tenant: TenantId,
    items: Vec<ItemId>,
    /// Empty: all.
    locations: Vec<LocationId>,
}

impl Question {
    fn new(
        tenant: TenantId,
        items: Vec<ItemId>,
        locations: Vec<LocationId>,
    ) -> Result<Self, Problem> {
        if items.len() > NAMES_MAX {
            return Err(Problem::limit(NAMES_MAX, "items in one call"));
        }
        if locations.len() > NAMES_MAX {
            return Err(Problem::limit(NAMES_MAX, "locations in one call"));
        }
        if items.len() * locations.len() > PAIRS_MAX {
            return Err(Problem::limit(PAIRS_MAX, "pairs of item and location in one call"));
        }
        Ok(Self { tenant, items, locations })
    }

    fn pairs(&self) -> usize {
        self.items.len() * self.locations.len().max(1)
    }

    fn answer(&self, view: &View) -> Result<Answer, Problem> {
        let wanted: HashSet<&LocationId> = self.locations.iter().collect();
        let mut rows = 0;
        let mut json = Json::with_capacity(256 + 96 * self.pairs());
        json.object(|json| {
            json.array_at("items", |json| {
                self.items.iter().try_for_each(|item| {
                    let (tracking, positions) = self.positions(view, item, &wanted);
                    rows += positions.len();
                    write_item(item, tracking, &positions, json);
                    if rows > PAIRS_MAX {
                        let what = "pairs of item and location in one call: name locations";
                        return Err(Problem::limit(PAIRS_MAX, what));
                    }
                    Ok(())
                })
            })
        })?;
        Ok(Answer::json(axum::http::StatusCode::OK, json))
    }

    /// The positions of an item that are asked for, as of one record unless single locations are
    /// named. An item never heard of has none.
    fn positions(
        &self,
        view: &View,
        item: &ItemId,
        wanted: &HashSet<&LocationId>,
    ) -> (Tracking, Vec<PositionView>) {
        let tenant = self.tenant.as_str();
        if self.locations.len() == 1 {
            let found = view.position(tenant, item.as_str(), self.locations[0].as_str());
            if let Some(found) = found {
                return (found.tracking, vec![found]);
            }
            let tracking = view.item(tenant, item.as_str()).map(|item| item.tracking());
            return (tracking.unwrap_or_default(), Vec::new());
        }
        let Some(stock) = view.item_stock(tenant, item.as_str()) else {
            return (Tracking::Tracked, Vec::new());
        };
        let mut positions = stock.positions;
        if !wanted.is_empty() {
            positions.retain(|position| wanted.contains(&position.location));
        }
        (stock.item.tracking(), positions)
    }
}

/// Writes one item with its locations as one object.
fn write_item(item: &ItemId, tracking: Tracking, positions: &[PositionView], json: &mut Json) {
    let mut sum = Sum::start(tracking);
    for position in positions {
        sum.add(position.figures.available, position.sellable);
    }
    json.object(|json| {
        json.text("itemId", item.as_str());
        sum.write(json);
        json.array_at("locations", |json| {
            for position in positions {
                json.object(|json| {
                    json.text("locationId", position.location.as_str());
                    json.quantity_or_null("sellable", position.sellable);
                    json.quantity("available", position.figures.available);
                    json.number("version", position.version);
                });
            }
        });
    });
}

/// As of an instant: what had happened by then, whenever it was recorded.
async fn answer_as_of(
    door: &Door,
    question: Question,
    instant: (Timestamp, Basis),
) -> Result<Answer, Problem> {
    let engine = door.engine.clone();
    let (question, found) = answer::wide(move || {
        let wanted: HashSet<&LocationId> = question.locations.iter().collect();
        let items = question.items.iter();
        let found: Vec<_> =
            items.map(|item| question.positions(engine.view(), item, &wanted)).collect();
        drop(wanted);
        (question, found)
    })
    .await?;
    let count: usize = found.iter().map(|(_, positions)| positions.len()).sum();
    if count > PAIRS_AS_OF_MAX {
        return Err(Problem::limit(PAIRS_AS_OF_MAX, "pairs of item and location as of an instant"));
    }
    let lengths: Vec<_> =
        found.iter().map(|(tracking, positions)| (*tracking, positions.len())).collect();
    let all = found.into_iter().flat_map(|(_, positions)| positions).collect();
    let mut stood = door.engine.history().positions_as_of(all, instant).await?.into_iter();
    Ok(Answer::object(|json| {
        json.array_at("items", |json| {
            for (item, (tracking, length)) in question.items.iter().zip(lengths) {
                // What had not been opened then had no stock record.
                let positions: Vec<PositionView> = (&mut stood)
                    .take(length)
                    .filter(|position| position.version > 0 || !position.figures.is_empty())
                    .map(|position| position.shown())
                    .collect();
                write_item(item, tracking, &positions, json);
            }
        });
    }))
}

async fn answer(door: &Door, question: Question) -> Result<Answer, Problem> {
    if question.pairs() <= PAIRS_AT_ONCE {
        return question.answer(door.engine.view());
    }
    let engine = door.engine.clone();
    answer::wide(move || question.answer(engine.view())).await?
}

/// How much can be sold, by item and location.
#[utoipa::path(
    get,
    path = "/v1/availability",
    tag = "Reads",
    params(
        schema::ReadHeaders,
        ("itemId" = Vec<String>, Query, description = "Items; may stand several times"),
        ("locationId" = Option<Vec<String>>, Query,
            description = "Only at these locations; may stand several times"),
        ("at" = Option<String>, Query,
            description = "As of this instant, by when things happened; now when absent"),
        ("by" = Option<schema::BasisWord>, Query,
            description = "`occurred` (what had happened by then; when absent) or `recorded` (what was \
                known then)")
    ),
    responses((status = 200, body = schema::Availability), schema::HistoryProblems)
)]
pub(crate) async fn get(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let answered = async {
        let look = Look::of(&parts)?;
        let ids = |name| look.query.all(name);
        let items: Result<Vec<_>, _> =
            ids("itemId").map(|text| id(Field::named("itemId"), text, ItemId::parse)).collect();
        let locations: Result<Vec<_>, _> = ids("locationId")
            .map(|text| id(Field::named("locationId"), text, LocationId::parse))
            .collect();
        let items = items?;
        if items.is_empty() {
            return Err(Problem::malformed("missing parameter `itemId`"));
        }
        let question = Question::new(look.tenant.clone(), items, locations?)?;
        match kept_instant_of(&look.query, "at", &door.engine)? {
            Some(at) => answer_as_of(&door, question, (at, basis_of(&look.query)?)).await,
            None => answer(&door, question).await,
        }
    };
    answer::conclude(answered.await, &parts)
}

/// What is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct AvailabilityQuestion<'a> {
    /// Items.
    #[schema(value_type = Vec<String>, max_items = 10_000)]
    item_ids: Vec<Word<'a>>,
    /// Only at these locations.
    #[schema(value_type = Option<Vec<String>>, max_items = 10_000)]
    location_ids: Option<Vec<Word<'a>>>,
}

impl AvailabilityQuestion<'_> {
    fn read(&self, tenant: TenantId) -> Result<Question, Problem> {
        let items = self.item_ids.iter();
        let items: Result<Vec<_>, _> =
            items.map(|word| id(Field::named("itemIds"), word.as_str(), ItemId::parse)).collect();
        let locations = self.location_ids.iter().flatten();
        let locations: Result<Vec<_>, _> = locations
            .map(|word| id(Field::named("locationIds"), word.as_str(), LocationId::parse))
            .collect();
        Question::new(tenant, items?, locations?)
    }
}

/// How much can be sold, by item and location; for more pairs than fit a query.
#[utoipa::path(
    post,
    path = "/v1/availability",
    tag = "Reads",
    params(schema::ReadHeaders),
    request_body = AvailabilityQuestion,
    responses((status = 200, body = schema::Availability), schema::ReadProblems)
)]
pub(crate) async fn post(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = async {
        let headers = Headers::of(&parts.headers);
        let tenant = headers.tenant()?;
        let body = extract::read(body, &parts.headers, BODY_BYTES_MAX).await?;
        if !body.is_empty() {
            headers.content()?.expect_json()?;
        }
        let question = parse::<AvailabilityQuestion<'_>>(&body)?.read(tenant)?;
        answer(&door, question).await
    };
    answer::conclude(answered.await, &parts)
}

/// How much of one item can be sold, by location.
#[utoipa::path(
    get,
    path = "/inventory-items/{itemId}/availability",
    tag = "Integration",
    params(schema::ReadHeaders, ("itemId" = String, Path, description = "The item")),
    responses((status = 200, body = schema::ItemAvailability), schema::ReadProblems)
)]
pub(crate) async fn of_item(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::read(request, |look| {
        let id = look.path.id(1, "itemId", ItemId::parse)?;
        let found = door.engine.view().item_stock(look.tenant.as_str(), id.as_str());
        let stock = found.ok_or_else(|| items::unknown(&id))?;
        let mut json = Json::with_capacity(512);
        write_item(&id, stock.item.tracking(), &stock.positions, &mut json);
        Ok(Answer::json(axum::http::StatusCode::OK, json))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;
    use crate::http::samples::position_view;

    fn shown(tracking: Tracking, positions: &[PositionView]) -> String {
        let mut json = Json::default();
        write_item(&ItemId::parse("tea").expect("valid"), tracking, positions, &mut json);
        String::from_utf8(json.into_bytes()).expect("text")
    }

    #[test]
    fn an_item_is_summed_over_its_locations() {
        let mut north = position_view();
        north.sellable = Some(Quantity::units(7));
        north.figures.available = Quantity::units(10);
        let mut south = position_view();
        south.location = LocationId::parse("south").expect("valid");
        south.sellable = Some(Quantity::from_millionths(500_000));
        south.figures.available = Quantity::from_millionths(-1_500_000);
        let expected = concat!(
            r#"{"itemId":"tea","sellable":7.5,"available":8.5,"locations":["#,
            r#"{"locationId":"north","sellable":7,"available":10,"version":3},"#,
            r#"{"locationId":"south","sellable":0.5,"available":-1.5,"version":3}]}"#
        );
        assert_eq!(shown(Tracking::Tracked, &[north.clone(), south]), expected);
        north.sellable = None;
        assert!(shown(Tracking::Tracked, &[north]).contains(r#""sellable":null,"available":10,"#));
    }

    #[test]
    fn an_item_without_positions_has_nothing_unless_it_is_not_counted() {
        let nothing = r#"{"itemId":"tea","sellable":0,"available":0,"locations":[]}"#;
        assert_eq!(shown(Tracking::Tracked, &[]), nothing);
        let unlimited = r#"{"itemId":"tea","sellable":null,"available":0,"locations":[]}"#;
        assert_eq!(shown(Tracking::Untracked, &[]), unlimited);
    }

    #[test]
    fn a_question_has_limits() {
        let tenant = || TenantId::parse("t").expect("valid");
        let items = |count: usize| vec![ItemId::parse("tea").expect("valid"); count];
        let locations = |count: usize| vec![LocationId::parse("north").expect("valid"); count];
        for (items, locations) in [
            (items(10_001), locations(0)),
            (items(1), locations(10_001)),
            (items(1_000), locations(101)),
        ] {
            let problem = Question::new(tenant(), items, locations).expect_err("too much");
            assert_eq!(problem.code(), Code::LimitExceeded);
        }
        assert!(Question::new(tenant(), items(10_000), locations(10)).is_ok());
        let body = br#"{"itemIds":["tea","a/b"]}"#;
        let question: AvailabilityQuestion<'_> = parse(body).expect("JSON");
        assert_eq!(question.read(tenant()).expect_err("a slash").code(), Code::InvalidId);
        assert_eq!(
            parse::<AvailabilityQuestion<'_>>(b"{}").expect_err("no items").status().as_u16(),
            400
        );
    }
}
