//! `/v1/locations`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::catalog::{Activity, Location, LocationAttributes, PRIORITY_DEFAULT};
use onhand_domain::command::Action;
use onhand_domain::ids::{LocationId, Reference, Text};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Asked, Look, Shape};
use crate::http::body::{Word, parse_or_empty};
use crate::http::catalog::{reference_if, text_if};
use crate::http::decimal::Field;
use crate::http::door::Door;
use crate::http::extract::Path;
use crate::http::json::Json;
use crate::http::page::{List, Wanted, page};
use crate::http::problem::{Code, Problem};
use crate::http::schema;
use crate::http::whole::Whole;

/// All that is said about a location; what is absent takes its default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct LocationBody<'a> {
    /// Name for people.
    #[schema(value_type = Option<String>, max_length = 1024)]
    name: Option<Word<'a>>,
    /// Kind of place: warehouse, store, …
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    r#type: Option<Word<'a>>,
    /// Whether it sells. The stock of one that does not is neither sellable nor chosen.
    #[schema(default = true)]
    active: Option<bool>,
    /// Lower is chosen first.
    #[schema(value_type = Option<i32>, default = 100)]
    priority: Option<Whole<i32>>,
}

impl LocationBody<'_> {
    pub(crate) fn attributes(&self) -> Result<LocationAttributes, Problem> {
        Ok(LocationAttributes {
            name: text_if(self.name.as_ref(), Field::named("name"))?,
            kind: reference_if(self.r#type.as_ref(), Field::named("type"))?,
            activity: match self.active {
                Some(false) => Activity::Inactive,
                _ => Activity::Active,
            },
            priority: self.priority.map_or(PRIORITY_DEFAULT, |priority| priority.0),
        })
    }
}

/// Writes a location as one object.
pub(crate) fn write(location: &Location, json: &mut Json) {
    let said = &location.attributes;
    json.object(|json| {
        json.text("locationId", location.id.as_str());
        json.text_if("name", said.name.as_ref().map(Text::as_str));
        json.text_if("type", said.kind.as_ref().map(Reference::as_str));
        json.truth("active", said.activity == Activity::Active);
        json.integer("priority", said.priority);
        json.number("version", location.version);
        json.time("createdAt", location.created_at);
        json.time("updatedAt", location.updated_at);
    });
}

/// The location, with 201 when it is new.
const LOCATION: Shape = Shape {
    status: |change| match change.locations.first() {
        Some(location) if location.version == 1 => StatusCode::CREATED,
        _ => StatusCode::OK,
    },
    write: |changed, _, json| {
        write(changed.change.locations.first()?, json);
        Some(())
    },
};

/// The location of `/v1/locations/{locationId}…`.
pub(crate) fn location_of(path: &Path<'_>) -> Result<LocationId, Problem> {
    path.id(1, "locationId", LocationId::parse)
}

/// The problem of a location never heard of.
pub(crate) fn unknown(location: &LocationId) -> Problem {
    let detail = format!("location `{location}` was never heard of, or was removed");
    Problem::unknown(Code::UnknownLocation, detail)
        .with(|json| json.text("locationId", location.as_str()))
}

fn put_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    let location = location_of(&asked.path)?;
    let body: LocationBody<'_> = parse_or_empty(asked.body)?;
    Ok(Action::PutLocation { location, attributes: body.attributes()? })
}

/// Creates, replaces or revives a location.
#[utoipa::path(
    put,
    path = "/v1/locations/{locationId}",
    tag = "Catalog",
    params(schema::WriteHeaders, ("locationId" = String, Path, description = "The location")),
    request_body = LocationBody,
    responses(
        (status = 201, body = schema::Location, description = "It is new"),
        (status = 200, body = schema::Location, description = "It was there before"),
        schema::WriteProblems
    )
)]
pub(crate) async fn put(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, put_action, LOCATION).await
}

/// Removes a location that has no stock, no promises and nothing on its way to it.
#[utoipa::path(
    delete,
    path = "/v1/locations/{locationId}",
    tag = "Catalog",
    params(schema::WriteHeaders, ("locationId" = String, Path, description = "The location")),
    responses(
        (status = 200, body = schema::Location, description = "It is removed"),
        schema::WriteProblems
    )
)]
pub(crate) async fn delete(State(door): State<Arc<Door>>, request: Request) -> Response {
    let remove =
        |asked: &Asked<'_>| Ok(Action::RemoveLocation { location: location_of(&asked.path)? });
    answer::write(&door, request, remove, Shape { status: answer::ok, ..LOCATION }).await
}

/// One location.
#[utoipa::path(
    get,
    path = "/v1/locations/{locationId}",
    tag = "Catalog",
    params(schema::ReadHeaders, ("locationId" = String, Path, description = "The location")),
    responses((status = 200, body = schema::Location), schema::ReadProblems)
)]
pub(crate) async fn read(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::read(request, |look| {
        let id = location_of(&look.path)?;
        let found = door.engine.view().location(look.tenant.as_str(), id.as_str());
        let (location, _) = found.ok_or_else(|| unknown(&id))?;
        let mut json = Json::with_capacity(256);
        write(&location, &mut json);
        Ok(Answer::json(StatusCode::OK, json))
    })
}

/// Locations, in the order in which they were first heard of.
#[utoipa::path(
    get,
    path = "/v1/locations",
    tag = "Catalog",
    params(schema::ReadHeaders, schema::Paging),
    responses((status = 200, body = schema::Page<schema::Location>), schema::ReadProblems)
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let listed = async {
        let look = Look::of(&parts)?;
        let wanted = Wanted::of(List::Locations, &look.query)?;
        let (engine, tenant) = (door.engine.clone(), look.tenant.clone());
        answer::wide(move || {
            let after = wanted.after.map(|cursor| cursor.number);
            let found = engine.view().locations(tenant.as_str(), after, wanted.limit);
            page(List::Locations, &found.items, found.next, |(location, _), json| {
                write(location, json);
            })
        })
        .await
    };
    answer::conclude(listed.await, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_domain::catalog::Standing;
    use onhand_domain::time::Timestamp;

    fn shown(body: &str) -> String {
        let body: LocationBody<'_> = parse_or_empty(body.as_bytes()).expect("valid");
        let location = Location {
            number: 0,
            tenant: 0,
            id: LocationId::parse("north").expect("valid"),
            attributes: body.attributes().expect("valid"),
            standing: Standing::Current,
            version: 1,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        };
        let mut json = Json::default();
        write(&location, &mut json);
        String::from_utf8(json.into_bytes()).expect("text")
    }

    #[test]
    fn a_location_is_shown_with_its_defaults() {
        let tail = concat!(
            r#""version":1,"createdAt":"1970-01-01T00:00:00.000Z","#,
            r#""updatedAt":"1970-01-01T00:00:00.000Z"}"#
        );
        assert_eq!(
            shown(""),
            format!(r#"{{"locationId":"north","active":true,"priority":100,{tail}"#)
        );
        let body = r#"{"name":"North","type":"store","active":false,"priority":-5}"#;
        let expected =
            r#"{"locationId":"north","name":"North","type":"store","active":false,"priority":-5,"#;
        assert_eq!(shown(body), format!("{expected}{tail}"));
    }

    #[test]
    fn wrong_fields_are_refused() {
        for body in [r#"{"priority":"high"}"#, r#"{"priority":1.5}"#, r#"{"active":1}"#, "[]"] {
            let problem = parse_or_empty::<LocationBody<'_>>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.status().as_u16(), 400, "{body}");
        }
    }
}
