//! What the description says that the macros cannot: rules that hold for every call, so that a client
//! made from it, or a test made from it, asks only for what can be answered.

use serde_json::{Value, json};

/// Largest page of any list.
const PAGE_MAX: usize = 1_000;
/// Their absence is a body with nothing in it.
const BODY_OPTIONAL: [&str; 4] = [
    "/v1/items/{itemId}",
    "/v1/locations/{locationId}",
    "/v1/locations/{locationId}/bins/{binId}",
    "/v1/positions/{itemId}/{locationId}/policy",
];

/// Completes the document.
pub(super) fn finish(document: &mut Value) {
    for (path, item) in members(document, "/paths") {
        for (_, operation) in members(item, "") {
            parameters(operation);
            body(operation, BODY_OPTIONAL.contains(&path.as_str()));
            stream(operation);
            problems(operation);
        }
        if path.ends_with(":batch") {
            batch(item);
        }
    }
    // Each of the two has a meaning of its own; one must stand there.
    let either = |name: &str| json!({ "required": [name], "properties": { name: { "not": { "type": "null" } } } });
    document["components"]["schemas"]["Adjustment"]["anyOf"] =
        json!([either("delta"), either("setTo")]);
}

/// The members of the object at a JSON pointer; what is absent has none, and stays absent.
fn members<'a>(
    value: &'a mut Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    value.pointer_mut(pointer).and_then(Value::as_object_mut).into_iter().flatten()
}

/// What stands in a path, a query or a header is never `null`. A page has a largest size. A
/// correlation that cannot be kept is replaced, not refused.
fn parameters(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        let schema = &mut parameter["schema"];
        if let Some(kind) = schema["type"].as_array().and_then(|kinds| kinds.first()).cloned() {
            schema["type"] = kind;
        }
        match name.as_str() {
            "limit" => {
                *schema = json!({
                    "type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": 100
                });
            }
            "X-Correlation-Id" => *schema = json!({ "type": "string" }),
            _ => {}
        }
    }
}

/// A body that may be absent is absent, not `null`.
fn body(operation: &mut Value, is_optional: bool) {
    let Some(body) = operation.get_mut("requestBody") else { return };
    let mut is_optional = is_optional;
    for (_, content) in members(body, "/content") {
        let forms = content["schema"]["oneOf"].as_array();
        let named = forms.into_iter().flatten().find(|form| form.get("$ref").is_some()).cloned();
        if let Some(named) = named {
            content["schema"] = named;
            is_optional = true;
        }
    }
    if is_optional {
        body["required"] = Value::Bool(false);
    }
}

/// One entry that is wrong is answered in its place, and the others are done.
fn batch(item: &mut Value) {
    let items = item.pointer_mut("/post/requestBody/content/application~1json/schema/items");
    let items = items.expect("a batch is a list");
    let anything = json!({ "description": "Anything else is answered 4xx in its place." });
    *items = json!({ "anyOf": [items.take(), anything] });
}

/// A stream is read event by event.
fn stream(operation: &mut Value) {
    if let Some(stream) = operation.pointer_mut("/responses/200/content/text~1event-stream") {
        let text = json!({ "type": "string" });
        stream["schema"] = json!({
            "type": "object",
            "description": "One event; `data` is the event as `/v1/events` shows it, `id` its cursor.",
            "properties": { "id": text, "event": text, "data": text }
        });
    }
}

/// Problems have one form everywhere.
fn problems(operation: &mut Value) {
    for (_, response) in members(operation, "/responses") {
        let Some(content) = response.get_mut("content") else { continue };
        let is_problem = content
            .pointer("/application~1json/schema/$ref")
            .and_then(Value::as_str)
            .is_some_and(|name| name.ends_with("/Problem"));
        if is_problem {
            let problem = content["application/json"].take();
            *content = json!({ "application/problem+json": problem });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_hold_for_every_call() {
        let mut document = json!({
            "paths": { "/v1/things:batch": { "post": {
                "parameters": [
                    { "name": "limit", "schema": { "type": "integer", "minimum": 0 } },
                    { "name": "X-Tenant-Id", "schema": { "type": ["string", "null"], "maxLength": 64 } }
                ],
                "requestBody": { "required": true, "content": { "application/json": { "schema": {
                    "type": "array", "items": { "$ref": "#/Thing" }
                } } } },
                "responses": {
                    "200": { "content": { "text/event-stream": { "schema": { "type": "string" } } } },
                    "404": { "content": { "application/json": { "schema": { "$ref": "#/Problem" } } } }
                }
            } } },
            "components": { "schemas": { "Adjustment": {} } }
        });
        finish(&mut document);
        let post = &document["paths"]["/v1/things:batch"]["post"];
        assert_eq!(post["parameters"][0]["schema"]["minimum"], 1);
        let tenant = json!({ "type": "string", "maxLength": 64 });
        assert_eq!(post["parameters"][1]["schema"], tenant);
        let items = &post["requestBody"]["content"]["application/json"]["schema"]["items"];
        assert_eq!(items["anyOf"][0], json!({ "$ref": "#/Thing" }));
        let event = &post["responses"]["200"]["content"]["text/event-stream"]["schema"];
        assert_eq!(event["type"], "object");
        let problem = &post["responses"]["404"]["content"];
        assert_eq!(
            *problem,
            json!({ "application/problem+json": { "schema": { "$ref": "#/Problem" } } })
        );
        assert_eq!(
            document["components"]["schemas"]["Adjustment"]["anyOf"][1]["required"][0],
            "setTo"
        );
    }

    #[test]
    fn what_is_absent_stays_absent() {
        let bare = json!({ "get": { "responses": { "204": { "description": "Done." } } } });
        let mut document = json!({
            "paths": { "/v1/things": bare }, "components": { "schemas": { "Adjustment": {} } }
        });
        finish(&mut document);
        assert_eq!(document["paths"]["/v1/things"], bare);
    }

    #[test]
    fn a_body_that_may_be_absent_is_not_null() {
        let mut operation = json!({ "requestBody": { "content": { "application/json": {
            "schema": { "oneOf": [{ "$ref": "#/Thing" }, { "type": "null" }] }
        } } } });
        body(&mut operation, false);
        let expected = json!({ "required": false, "content": { "application/json": {
            "schema": { "$ref": "#/Thing" }
        } } });
        assert_eq!(operation["requestBody"], expected);
    }
}
