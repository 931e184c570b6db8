//! `/v1/items`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::catalog::{Item, ItemAttributes, Standing, Strategy, Tracking};
use onhand_domain::command::Action;
use onhand_domain::ids::{ItemId, Reference, Text};
use onhand_domain::policy::Policy;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Asked, Look, Shape};
use crate::http::body::{Word, parse_or_empty};
use crate::http::catalog::{reference_if, text_if};
use crate::http::decimal::{Decimal, Field, money_if};
use crate::http::door::Door;
use crate::http::extract::Path;
use crate::http::json::Json;
use crate::http::page::{List, Wanted, page};
use crate::http::policy::{self, PolicyNumbers};
use crate::http::problem::{Code, Problem};
use crate::http::schema;

/// Order in which layers leave the shelf.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum StrategyWord {
    /// First in, first out.
    Fifo,
    /// First expired, first out.
    Fefo,
    /// Last in, first out.
    Lifo,
}

impl From<StrategyWord> for Strategy {
    fn from(word: StrategyWord) -> Self {
        match word {
            StrategyWord::Fifo => Self::Fifo,
            StrategyWord::Fefo => Self::Fefo,
            StrategyWord::Lifo => Self::Lifo,
        }
    }
}

const fn strategy_word(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Fifo => "FIFO",
        Strategy::Fefo => "FEFO",
        Strategy::Lifo => "LIFO",
    }
}

/// All that is said about an item; what is absent takes its default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct ItemBody<'a> {
    /// Stock-keeping unit.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    sku: Option<Word<'a>>,
    /// Name for people.
    #[schema(value_type = Option<String>, max_length = 1024)]
    name: Option<Word<'a>>,
    /// The product this variant belongs to.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    product_id: Option<Word<'a>>,
    /// Whether stock is counted at all; without it reservations and sales always succeed.
    #[schema(default = true)]
    track_inventory: Option<bool>,
    /// Unit in which it is counted.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    unit_of_measure: Option<Word<'a>>,
    /// Stock that should always be there.
    min_stock: Option<Decimal<'a>>,
    /// Stock that should never be exceeded.
    max_stock: Option<Decimal<'a>>,
    /// Kept back from selling.
    safety_stock: Option<Decimal<'a>>,
    /// May be promised although it is not there; or the word `unlimited`.
    #[schema(value_type = Option<schema::BackorderLimit>)]
    backorder_limit: Option<Decimal<'a>>,
    /// Below it `LowStockReached` is raised; `minStock` when absent.
    low_stock_threshold: Option<Decimal<'a>>,
    /// Cost of a unit where a receipt names none.
    unit_cost: Option<Decimal<'a>>,
    /// Order of picking.
    strategy: Option<StrategyWord>,
}

impl ItemBody<'_> {
    pub(crate) fn attributes(&self) -> Result<ItemAttributes, Problem> {
        let numbers = PolicyNumbers {
            min_stock: self.min_stock,
            max_stock: self.max_stock,
            safety_stock: self.safety_stock,
            backorder_limit: self.backorder_limit,
            low_stock_threshold: self.low_stock_threshold,
        };
        Ok(ItemAttributes {
            sku: reference_if(self.sku.as_ref(), Field::named("sku"))?,
            name: text_if(self.name.as_ref(), Field::named("name"))?,
            product: reference_if(self.product_id.as_ref(), Field::named("productId"))?,
            unit_of_measure: reference_if(
                self.unit_of_measure.as_ref(),
                Field::named("unitOfMeasure"),
            )?,
            tracking: match self.track_inventory {
                Some(false) => Tracking::Untracked,
                _ => Tracking::Tracked,
            },
            policy: numbers.read()?,
            unit_cost: money_if(self.unit_cost, Field::named("unitCost"))?,
            strategy: self.strategy.map(Strategy::from).unwrap_or_default(),
        })
    }
}

/// Writes an item as one object.
pub(crate) fn write(item: &Item, json: &mut Json) {
    let said = item.attributes.as_deref();
    json.object(|json| {
        json.text("itemId", item.id.as_str());
        json.text_if("sku", said.and_then(|said| said.sku.as_ref()).map(Reference::as_str));
        json.text_if("name", said.and_then(|said| said.name.as_ref()).map(Text::as_str));
        json.text_if(
            "productId",
            said.and_then(|said| said.product.as_ref()).map(Reference::as_str),
        );
        json.truth("trackInventory", item.tracking() == Tracking::Tracked);
        let unit = said.and_then(|said| said.unit_of_measure.as_ref());
        json.text_if("unitOfMeasure", unit.map(Reference::as_str));
        let policy: Policy = item.policy();
        json.quantity_if("safetyStock", policy.safety_stock);
        policy::write(&policy, json);
        json.money_if("unitCost", said.and_then(|said| said.unit_cost));
        json.text("strategy", strategy_word(said.map(|said| said.strategy).unwrap_or_default()));
        json.truth("archived", item.standing == Standing::Archived);
        json.number("version", item.version);
        json.time("createdAt", item.created_at);
        json.time("updatedAt", item.updated_at);
    });
}

/// The item, with 201 when it is new.
const ITEM: Shape = Shape {
    status: |change| match change.items.first() {
        Some(item) if item.version == 1 => StatusCode::CREATED,
        _ => StatusCode::OK,
    },
    write: |changed, _, json| {
        write(changed.change.items.first()?, json);
        Some(())
    },
};

fn item_of(path: &Path<'_>) -> Result<ItemId, Problem> {
    path.id(1, "itemId", ItemId::parse)
}

fn put_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    let item = item_of(&asked.path)?;
    let body: ItemBody<'_> = parse_or_empty(asked.body)?;
    Ok(Action::PutItem { item, attributes: Arc::new(body.attributes()?) })
}

/// Creates, replaces or revives an item.
#[utoipa::path(
    put,
    path = "/v1/items/{itemId}",
    tag = "Catalog",
    params(schema::WriteHeaders, ("itemId" = String, Path, description = "The item")),
    request_body = ItemBody,
    responses(
        (status = 201, body = schema::Item, description = "It is new"),
        (status = 200, body = schema::Item, description = "It was there before"),
        schema::WriteProblems
    )
)]
pub(crate) async fn put(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, put_action, ITEM).await
}

/// Archives an item that has no stock and no promises; `PUT` revives it.
#[utoipa::path(
    delete,
    path = "/v1/items/{itemId}",
    tag = "Catalog",
    params(schema::WriteHeaders, ("itemId" = String, Path, description = "The item")),
    responses(
        (status = 200, body = schema::Item, description = "It is archived"),
        schema::WriteProblems
    )
)]
pub(crate) async fn delete(State(door): State<Arc<Door>>, request: Request) -> Response {
    let archive = |asked: &Asked<'_>| Ok(Action::ArchiveItem { item: item_of(&asked.path)? });
    answer::write(&door, request, archive, Shape { status: answer::ok, ..ITEM }).await
}

/// One item, archived or not.
#[utoipa::path(
    get,
    path = "/v1/items/{itemId}",
    tag = "Catalog",
    params(schema::ReadHeaders, ("itemId" = String, Path, description = "The item")),
    responses((status = 200, body = schema::Item), schema::ReadProblems)
)]
pub(crate) async fn read(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::read(request, |look| {
        let id = item_of(&look.path)?;
        let found = door.engine.view().item(look.tenant.as_str(), id.as_str());
        let item = found.ok_or_else(|| unknown(&id))?;
        let mut json = Json::with_capacity(512);
        write(&item, &mut json);
        Ok(Answer::json(StatusCode::OK, json))
    })
}

/// The problem of an item never heard of.
pub(crate) fn unknown(item: &ItemId) -> Problem {
    let detail = format!("item `{item}` was never heard of");
    Problem::unknown(Code::UnknownItem, detail).with(|json| json.text("itemId", item.as_str()))
}

/// Which items a list shows.
#[derive(Debug, Clone, Default)]
struct ItemFilter {
    product: Option<String>,
    sku: Option<String>,
    /// In lower case.
    words: Option<String>,
}

impl ItemFilter {
    fn of(look: &Look<'_>) -> Self {
        Self {
            product: look.query.text("productId").map(str::to_owned),
            sku: look.query.text("sku").map(str::to_owned),
            words: look.query.text("q").map(str::to_lowercase),
        }
    }

    fn passes(&self, item: &Item) -> bool {
        let said = item.attributes.as_deref();
        let sku = said.and_then(|said| said.sku.as_ref()).map(Reference::as_str);
        let product = said.and_then(|said| said.product.as_ref()).map(Reference::as_str);
        let name = said.and_then(|said| said.name.as_ref()).map(Text::as_str);
        let holds = |text: &str, words: &str| text.to_lowercase().contains(words);
        self.product.as_deref().is_none_or(|wanted| product == Some(wanted))
            && self.sku.as_deref().is_none_or(|wanted| sku == Some(wanted))
            && self.words.as_deref().is_none_or(|words| {
                let texts = [Some(item.id.as_str()), sku, name];
                texts.into_iter().flatten().any(|text| holds(text, words))
            })
    }
}

/// Items, in the order in which they were first heard of; archived ones too.
#[utoipa::path(
    get,
    path = "/v1/items",
    tag = "Catalog",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("productId" = Option<String>, Query, description = "Only of this product"),
        ("sku" = Option<String>, Query, description = "Only with this SKU"),
        ("q" = Option<String>, Query,
            description = "Only those that hold these words in their id, SKU or name, in any case")
    ),
    responses((status = 200, body = schema::Page<schema::Item>), schema::ReadProblems)
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let listed = async {
        let look = Look::of(&parts)?;
        let wanted = Wanted::of(List::Items, &look.query)?;
        let (engine, tenant, filter) =
            (door.engine.clone(), look.tenant.clone(), ItemFilter::of(&look));
        answer::wide(move || {
            let after = wanted.after.map(|cursor| cursor.number);
            let passes = |item: &Item| filter.passes(item);
            let found = engine.view().items(tenant.as_str(), &passes, after, wanted.limit);
            page(List::Items, &found.items, found.next, write)
        })
        .await
    };
    answer::conclude(listed.await, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_domain::time::Timestamp;

    fn item(body: &str) -> Item {
        let body: ItemBody<'_> = parse_or_empty(body.as_bytes()).expect("valid");
        Item {
            number: 0,
            tenant: 0,
            id: ItemId::parse("tea-1").expect("valid"),
            attributes: Some(Arc::new(body.attributes().expect("valid"))),
            standing: Standing::Current,
            version: 2,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(1),
        }
    }

    fn shown(item: &Item) -> String {
        let mut json = Json::default();
        write(item, &mut json);
        String::from_utf8(json.into_bytes()).expect("text")
    }

    const TAIL: &str = concat!(
        r#""archived":false,"version":2,"createdAt":"1970-01-01T00:00:00.000Z","#,
        r#""updatedAt":"1970-01-01T00:00:00.001Z"}"#
    );

    #[test]
    fn an_item_is_shown_as_it_was_said() {
        let body = r#"{"sku":"TEA-1","name":"Assam","productId":"tea","unitOfMeasure":"kg",
            "minStock":5,"maxStock":"50.5","safetyStock":2,"backorderLimit":"unlimited",
            "lowStockThreshold":7,"unitCost":"3.25","strategy":"FEFO","trackInventory":false}"#;
        let expected = concat!(
            r#"{"itemId":"tea-1","sku":"TEA-1","name":"Assam","productId":"tea","#,
            r#""trackInventory":false,"unitOfMeasure":"kg","safetyStock":2,"minStock":5,"#,
            r#""maxStock":50.5,"backorderLimit":"unlimited","lowStockThreshold":7,"#,
            r#""unitCost":3.25,"strategy":"FEFO","#
        );
        assert_eq!(shown(&item(body)), format!("{expected}{TAIL}"));
    }

    #[test]
    fn absent_fields_have_their_defaults() {
        let plain = r#"{"itemId":"tea-1","trackInventory":true,"strategy":"FIFO","#;
        for body in ["", "{}", r#"{"trackInventory":null,"strategy":null,"minStock":null}"#] {
            assert_eq!(shown(&item(body)), format!("{plain}{TAIL}"), "{body}");
        }
        let used = Item { attributes: None, ..item("") };
        assert_eq!(shown(&used), format!("{plain}{TAIL}"));
    }

    #[test]
    fn wrong_fields_are_refused_with_their_code() {
        for (body, status, code) in [
            (r#"{"strategy":"RANDOM"}"#, 400, Code::InvalidRequest),
            (r#"{"trackInventory":"perhaps"}"#, 400, Code::InvalidRequest),
            (r#"{"name":7}"#, 400, Code::InvalidRequest),
            (r#"{"minStock":-1}"#, 422, Code::InvalidQuantity),
            (r#"{"backorderLimit":"endless"}"#, 422, Code::InvalidQuantity),
            (r#"{"unitCost":-1}"#, 422, Code::InvalidQuantity),
            (r#"{"sku":""}"#, 422, Code::InvalidId),
            (r#"{"name":"a\u0000"}"#, 422, Code::InvalidRequest),
        ] {
            let parsed = parse_or_empty::<ItemBody<'_>>(body.as_bytes());
            let problem = parsed.and_then(|body| body.attributes()).expect_err(body);
            assert_eq!((problem.status().as_u16(), problem.code()), (status, code), "{body}");
        }
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(1025));
        let parsed = parse_or_empty::<ItemBody<'_>>(long.as_bytes()).expect("JSON");
        assert_eq!(parsed.attributes().expect_err("too long").code(), Code::LimitExceeded);
    }

    #[test]
    fn a_list_finds_by_product_sku_and_words() {
        let item = item(r#"{"sku":"SH-M","name":"Medium Linen shirt","productId":"shirt"}"#);
        let filter = |product: Option<&str>, sku: Option<&str>, words: Option<&str>| ItemFilter {
            product: product.map(str::to_owned),
            sku: sku.map(str::to_owned),
            words: words.map(str::to_lowercase),
        };
        for (filter, expected) in [
            (filter(None, None, None), true),
            (filter(Some("shirt"), Some("SH-M"), Some("LINEN")), true),
            (filter(None, None, Some("tea-")), true),
            (filter(None, None, Some("sh-m")), true),
            (filter(Some("cap"), None, None), false),
            (filter(None, Some("sh-m"), None), false),
            (filter(None, None, Some("wool")), false),
        ] {
            assert_eq!(filter.passes(&item), expected, "{filter:?}");
        }
    }
}
