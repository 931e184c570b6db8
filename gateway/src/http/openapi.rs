//! The description of the API, and the page that shows it without any other server.

mod finish;

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::http::door::Door;
use crate::http::problem::{Code, Problem};
use crate::http::{
    ROUTES, allocations, answer, availability, batch, catalog, events, explain, inventory_value,
    jobs, ledger, operation, positions, reports, reservations, schema, stock,
};

/// The operations. Answers and bodies come along with them.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Onhand",
        description = "How many can I sell right now, and to whom are they promised. \
            Every answer rests on what is on disk: nothing leaves before it is durable.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "Catalog", description = "Items, locations, bins, policies"),
        (name = "Stock", description = "What comes in, leaves, and is corrected"),
        (name = "Reads", description = "What is there, and what can be sold"),
        (name = "Reservations", description = "Promises to orders"),
        (name = "Integration", description = "Paths that other systems rely on"),
        (name = "Operation", description = "For those who run the process")
    ),
    paths(
        catalog::items::put,
        catalog::items::read,
        catalog::items::delete,
        catalog::items::list,
        catalog::locations::put,
        catalog::locations::read,
        catalog::locations::delete,
        catalog::locations::list,
        catalog::bins::put,
        catalog::bins::list,
        positions::read,
        positions::list,
        positions::set_policy,
        positions::assign_bin,
        stock::entries::receive,
        stock::entries::sell,
        stock::entries::take_back,
        stock::corrections::adjust,
        stock::corrections::shift,
        stock::corrections::count,
        stock::revaluations::revalue,
        stock::transfers::start,
        stock::transfers::receive,
        stock::transfers::cancel,
        stock::reversals::reverse,
        batch::stock,
        availability::get,
        availability::post,
        availability::of_item,
        explain::explain,
        ledger::list,
        ledger::stock_movements,
        events::page,
        events::stream,
        reservations::create,
        batch::reservations,
        reservations::read,
        reservations::list,
        reservations::confirm,
        reservations::extend,
        reservations::set_lines,
        reservations::relocate,
        reservations::fulfil,
        reservations::unfulfil,
        reservations::cancel,
        reservations::cancellations::cancel,
        jobs::read,
        allocations::create,
        allocations::by_order,
        reports::by_product,
        reports::low_stock,
        inventory_value::inventory_value,
        operation::live,
        operation::ready,
        operation::metrics,
        operation::status,
        operation::publisher::publisher,
        operation::replay::replay,
        operation::imports::show,
        operation::imports::take,
        operation::export::page,
        operation::backup::take,
        operation::backup::show,
        operation::verify::begin,
        operation::verify::show,
        operation::failed_events::list,
        operation::failed_events::show,
        operation::failed_events::retry,
        operation::failed_events::discard,
        operation::consumed_events::list,
        operation::sources::list,
        operation::sources::reset,
        operation::sources::skip,
    ),
    components(schemas(
        schema::Problem,
        schema::InOut,
        schema::BasisWord,
        schema::ConsumedStatus,
        schema::LetterStatus,
        schema::MovementType,
        inventory_value::Method
    ))
)]
struct Described;

/// The document, made once.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let described = serde_json::to_value(document());
    let mut described = described.expect("a description of our own making can be written");
    finish::finish(&mut described);
    Bytes::from(described.to_string())
});

/// The description of every row of the table of routes.
fn document() -> utoipa::openapi::OpenApi {
    let mut document = Described::openapi();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            name(operation.as_mut(), method, path);
        }
    }
    // Some paths answer with and without their prefix; they are described once and listed twice.
    for route in ROUTES {
        let twin = match route.path.strip_prefix("/v1") {
            Some(bare) => bare.to_owned(),
            None => format!("/v1{}", route.path),
        };
        if document.paths.paths.contains_key(route.path) {
            continue;
        }
        if let Some(mut item) = document.paths.paths.get(&twin).cloned() {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                let id = operation.operation_id.take().unwrap_or_default();
                operation.operation_id = Some(format!("{id}_alias"));
            }
            document.paths.paths.insert(route.path.to_owned(), item);
        }
    }
    document
}

/// Handlers are named within their module; outside, a name must be unique.
fn name(operation: Option<&mut Operation>, method: &str, path: &str) {
    let Some(operation) = operation else { return };
    let words = path.trim_start_matches("/v1").split(|sign: char| !sign.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    operation.operation_id = Some(format!("{method}_{}", words.join("_")));
}

/// The description of this API, OpenAPI 3.1.
pub(crate) async fn describe(State(_): State<Arc<Door>>, _: Request) -> Response {
    with_type(Body::from(DOCUMENT.clone()), "application/json")
}

/// `/docs` without the slash: the page's own files lie below it.
pub(crate) async fn enter(State(_): State<Arc<Door>>, _: Request) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/docs/"));
    response
}

/// A file of the page.
pub(crate) async fn show(State(_): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let file = parts.uri.path().trim_start_matches("/docs/");
    match find(file) {
        Some(SwaggerFile { bytes, content_type, .. }) => {
            with_type(Body::from(bytes.into_owned()), &content_type)
        }
        None => {
            let detail = format!("the documentation has no `{file}`");
            answer::conclude(Err(Problem::unknown(Code::NotFound, detail)), &parts)
        }
    }
}

fn find(file: &str) -> Option<SwaggerFile<'static>> {
    // No validator badge: it would ask another server.
    let config = Config::from("/openapi.json").validator_url("none");
    match utoipa_swagger_ui::serve(file, Arc::new(config)) {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, file, "the documentation cannot be shown");
            None
        }
    }
}

/// Pages, scripts and descriptions come from here only.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
);

fn with_type(body: Body, form: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Ok(form) = HeaderValue::from_str(form) {
        headers.insert(CONTENT_TYPE, form);
    }
    headers.insert(HeaderName::from_static("content-security-policy"), POLICY);
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// These describe themselves to people, not to programs.
    const UNDESCRIBED: [&str; 4] = ["/openapi.json", "/docs", "/docs/", "/docs/{file}"];

    fn described() -> BTreeSet<String> {
        let document: serde_json::Value = serde_json::from_slice(&DOCUMENT).unwrap();
        let mut all = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                all.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        all
    }

    fn shape(call: &str) -> String {
        let words: Vec<_> =
            call.split('/').map(|word| if word.starts_with('{') { "{}" } else { word }).collect();
        words.join("/")
    }

    #[test]
    fn every_route_is_described_and_every_description_is_a_route() {
        let described: BTreeSet<_> = described().iter().map(|call| shape(call)).collect();
        let routed: BTreeSet<_> = ROUTES
            .iter()
            .filter(|route| !UNDESCRIBED.contains(&route.path))
            .map(|route| shape(&format!("{} {}", route.method, route.path)))
            .collect();
        let missing: Vec<_> = routed.difference(&described).collect();
        let invented: Vec<_> = described.difference(&routed).collect();
        assert!(missing.is_empty() && invented.is_empty(), "{missing:?} {invented:?}");
    }

    #[test]
    fn the_description_is_openapi_3_1_with_unique_names_and_whole_references() {
        let document: serde_json::Value = serde_json::from_slice(&DOCUMENT).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut names = BTreeSet::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{name} stands twice");
            }
        }
        let text = String::from_utf8_lossy(&DOCUMENT).into_owned();
        for (place, reference) in text.match_indices("\"#/components/schemas/") {
            let name = text[place + reference.len()..].split('"').next().unwrap();
            let found = document["components"]["schemas"].get(name);
            assert!(found.is_some(), "nothing describes {name}");
        }
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        let page = String::from_utf8(find("").unwrap().bytes.into_owned()).unwrap();
        assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
        let start = find("swagger-initializer.js").unwrap().bytes;
        assert!(String::from_utf8_lossy(&start).contains("/openapi.json"));
        assert!(find("nothing.js").is_none());
    }
}
