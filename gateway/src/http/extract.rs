//! What a request says before its body is understood: who asks, which key, which path, which bytes.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use onhand_domain::command::Trace;
use onhand_domain::ids::{InvalidId, Reference, TenantId, Text};
use percent_encoding::percent_decode_str;

use crate::http::decimal::Field;
use crate::http::problem::{Code, Problem};

/// Largest body of a single call.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;
/// Largest body of a batch.
pub(crate) const BATCH_BYTES_MAX: usize = 16 << 20;
/// Longest idempotency key.
const KEY_BYTES_MAX: usize = 255;
/// The tenant of callers that name none.
const TENANT_DEFAULT: &str = "default";

/// The headers that mean something to us, found in one walk over all of them, not yet checked.
#[derive(Debug, Default)]
pub(crate) struct Headers<'a> {
    tenant: Option<&'a HeaderValue>,
    key: Option<&'a HeaderValue>,
    user: Option<&'a HeaderValue>,
    causation: Option<&'a HeaderValue>,
    content_type: Option<&'a HeaderValue>,
    /// Echoed as it is, also when the request is refused.
    pub(crate) correlation: Option<&'a HeaderValue>,
    repeated: Option<&'static str>,
}

impl<'a> Headers<'a> {
    /// Finds them.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let (slot, name) = match name.as_str() {
                "x-tenant-id" => (&mut found.tenant, "X-Tenant-Id"),
                "idempotency-key" => (&mut found.key, "Idempotency-Key"),
                "x-user-id" => (&mut found.user, "X-User-Id"),
                "x-correlation-id" => (&mut found.correlation, "X-Correlation-Id"),
                "x-causation-id" => (&mut found.causation, "X-Causation-Id"),
                "content-type" => (&mut found.content_type, CONTENT_TYPE.as_str()),
                _ => continue,
            };
            // Two tenants or two keys: whichever we took, it would be the wrong one for somebody.
            if slot.replace(value).is_some() {
                found.repeated = Some(name);
            }
        }
        found
    }

    /// Whose data this is about.
    ///
    /// # Errors
    /// 400 `INVALID_REQUEST` for a header that stands twice, 422 `INVALID_ID`.
    pub(crate) fn tenant(&self) -> Result<TenantId, Problem> {
        if let Some(name) = self.repeated {
            return Err(Problem::malformed(format!("the header `{name}` stands twice")));
        }
        let text = text_of("X-Tenant-Id", self.tenant)?.unwrap_or(TENANT_DEFAULT);
        id(Field::named("X-Tenant-Id"), text, TenantId::parse)
    }

    /// The idempotency key.
    ///
    /// # Errors
    /// 422 `INVALID_ID` unless it has 1 to 255 visible bytes.
    pub(crate) fn key(&self) -> Result<Option<&'a str>, Problem> {
        let Some(key) = text_of("Idempotency-Key", self.key)? else { return Ok(None) };
        if (1..=KEY_BYTES_MAX).contains(&key.len())
            && key.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Ok(Some(key));
        }
        let field = Field::named("Idempotency-Key");
        let detail = format!("`{field}` must have 1 to {KEY_BYTES_MAX} visible ASCII characters");
        Err(Problem::field(Code::InvalidId, field, detail))
    }

    /// Who asks, and why.
    ///
    /// # Errors
    /// 422 `INVALID_ID`.
    pub(crate) fn trace(&self) -> Result<Option<Arc<Trace>>, Problem> {
        if self.user.is_none() && self.correlation.is_none() && self.causation.is_none() {
            return Ok(None);
        }
        Ok(Some(Arc::new(Trace {
            user: word("X-User-Id", self.user)?,
            correlation: word("X-Correlation-Id", self.correlation)?,
            causation: word("X-Causation-Id", self.causation)?,
        })))
    }

    /// What the body is.
    ///
    /// # Errors
    /// 415 `UNSUPPORTED_MEDIA_TYPE`.
    pub(crate) fn content(&self) -> Result<Content, Problem> {
        let given = text_of("Content-Type", self.content_type)?.unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            return Ok(Content::Json);
        }
        let lower = essence.to_ascii_lowercase();
        match lower.as_str() {
            "application/x-ndjson" => Ok(Content::Lines),
            _ if lower.starts_with("application/") && lower.ends_with("+json") => Ok(Content::Json),
            _ => Err(unsupported(essence)),
        }
    }
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// One JSON text.
    Json,
    /// One JSON text per line.
    Lines,
}

impl Content {
    /// Insists on one JSON text.
    ///
    /// # Errors
    /// 415 `UNSUPPORTED_MEDIA_TYPE`.
    pub(crate) fn expect_json(self) -> Result<(), Problem> {
        match self {
            Self::Json => Ok(()),
            Self::Lines => Err(unsupported("application/x-ndjson")),
        }
    }
}

fn unsupported(given: &str) -> Problem {
    let given = if given.is_empty() { "nothing" } else { given };
    let detail = format!("Content-Type is `{given}`; send application/json");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::UnsupportedMediaType, detail)
}

fn text_of<'a>(
    name: &'static str,
    value: Option<&'a HeaderValue>,
) -> Result<Option<&'a str>, Problem> {
    let text = value.map(|value| std::str::from_utf8(value.as_bytes())).transpose();
    text.map_err(|_| {
        Problem::field(Code::InvalidId, Field::named(name), format!("`{name}` is not UTF-8"))
    })
}

/// A header that is a reference in the sense of the contract; kept as a text.
fn word(name: &'static str, value: Option<&HeaderValue>) -> Result<Option<Text>, Problem> {
    let Some(text) = text_of(name, value)? else { return Ok(None) };
    let checked = id(Field::named(name), text, Reference::parse)?;
    Ok(Some(Text::trusted(checked.as_str())))
}

/// Reads an id.
///
/// # Errors
/// 422 `INVALID_ID` that names the field.
pub(crate) fn id<T>(
    field: Field,
    text: &str,
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<T, Problem> {
    parse(text)
        .map_err(|error| Problem::field(Code::InvalidId, field, format!("`{field}` {error}")))
}

/// The words of a path after `/v1`, decoded one by one, so that `%2F` inside one does not split it.
#[derive(Debug)]
pub(crate) struct Path<'a>(&'a str);

impl<'a> Path<'a> {
    /// The path of a request.
    pub(crate) fn of(uri: &'a Uri) -> Self {
        let path = uri.path();
        Self(path.strip_prefix("/v1/").or_else(|| path.strip_prefix('/')).unwrap_or(path))
    }

    /// The word with this index: of `/v1/items/tea`, word 1 is `tea`.
    ///
    /// # Errors
    /// 422 `INVALID_ID` when it is not UTF-8.
    pub(crate) fn word(&self, index: usize) -> Result<Cow<'a, str>, Problem> {
        let word = self.0.split('/').nth(index).unwrap_or_default();
        percent_decode_str(word).decode_utf8().map_err(|_| {
            let detail = "an id in the path is not UTF-8";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidId, detail)
        })
    }

    /// The word with this index, as an id.
    ///
    /// # Errors
    /// 422 `INVALID_ID`.
    pub(crate) fn id<T>(
        &self,
        index: usize,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Result<T, Problem> {
        id(Field::named(name), &self.word(index)?, parse)
    }
}

/// Reads a body of at most so many bytes. A body that came in one piece is not copied.
///
/// A body that is too large is read to its end all the same, up to twice the limit, and thrown away: a
/// caller that is still sending would otherwise see its connection break instead of the answer.
///
/// # Errors
/// 413 `LIMIT_EXCEEDED`; 400 when the connection broke.
pub(crate) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    limit_bytes: usize,
) -> Result<Bytes, Problem> {
    let announced = headers.get(axum::http::header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let drained_max = limit_bytes.saturating_mul(2);
    if announced.is_some_and(|length| length > drained_max) {
        return Err(Problem::too_large(limit_bytes));
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::malformed("the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > drained_max {
            break;
        }
        if length > limit_bytes {
            (first, all) = (Bytes::new(), BytesMut::new());
        } else if length == data.len() {
            first = data;
        } else {
            if all.is_empty() {
                all.reserve(announced.unwrap_or(length));
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    if length > limit_bytes {
        return Err(Problem::too_large(limit_bytes));
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    use hyper::body::Frame;
    use onhand_domain::ids::ItemId;

    fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a header"));
        }
        map
    }

    #[track_caller]
    fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> (u16, Code) {
        let problem = result.expect_err("it is refused");
        (problem.status().as_u16(), problem.code())
    }

    #[test]
    fn the_tenant_is_default_unless_named() {
        assert_eq!(Headers::of(&map(&[])).tenant().expect("valid").as_str(), "default");
        let named = map(&[("x-tenant-id", "shop-7")]);
        assert_eq!(Headers::of(&named).tenant().expect("valid").as_str(), "shop-7");
        for wrong in ["", "a/b", &"x".repeat(65)] {
            let headers = map(&[("x-tenant-id", wrong)]);
            assert_eq!(code(Headers::of(&headers).tenant()), (422, Code::InvalidId), "{wrong}");
        }
        let twice = map(&[("x-tenant-id", "a"), ("x-tenant-id", "b")]);
        assert_eq!(code(Headers::of(&twice).tenant()), (400, Code::InvalidRequest));
    }

    #[test]
    fn a_key_has_up_to_255_visible_bytes() {
        let longest = "k".repeat(255);
        for (given, valid) in [
            ("K-1", true),
            ("{\"a\":1}", true),
            (longest.as_str(), true),
            (&"k".repeat(256), false),
            ("", false),
            ("a b", false),
            ("é", false),
        ] {
            let headers = map(&[("idempotency-key", given)]);
            let key = Headers::of(&headers).key().map(|key| key.map(str::to_owned));
            if valid {
                assert_eq!(key.expect("valid").as_deref(), Some(given));
            } else {
                assert_eq!(code(key), (422, Code::InvalidId), "{given}");
            }
        }
        assert_eq!(Headers::of(&map(&[])).key().expect("valid"), None);
    }

    #[test]
    fn who_and_why_are_references() {
        let headers = map(&[("x-user-id", "ann"), ("x-correlation-id", "c-1")]);
        let trace = Headers::of(&headers).trace().expect("valid").expect("there is one");
        assert_eq!(trace.user.as_ref().map(Text::as_str), Some("ann"));
        assert_eq!(trace.correlation.as_ref().map(Text::as_str), Some("c-1"));
        assert_eq!(trace.causation, None);
        assert!(Headers::of(&map(&[])).trace().expect("valid").is_none());
        for name in ["x-user-id", "x-correlation-id", "x-causation-id"] {
            for wrong in ["", &"x".repeat(129)] {
                let headers = map(&[(name, wrong)]);
                assert_eq!(code(Headers::of(&headers).trace()), (422, Code::InvalidId), "{name}");
            }
        }
    }

    #[test]
    fn a_body_is_json_or_it_is_not_taken() {
        for (given, expected) in [
            ("application/json", Some(Content::Json)),
            ("Application/JSON; charset=utf-8", Some(Content::Json)),
            ("application/vnd.shop.v2+json", Some(Content::Json)),
            ("application/x-ndjson", Some(Content::Lines)),
            ("text/plain", None),
            ("application/x-www-form-urlencoded", None),
            ("", None),
        ] {
            let headers = map(&[("content-type", given)]);
            let content = Headers::of(&headers).content();
            match expected {
                Some(expected) => assert_eq!(content.expect("valid"), expected, "{given}"),
                None => assert_eq!(code(content), (415, Code::UnsupportedMediaType), "{given}"),
            }
        }
        assert_eq!(code(Headers::of(&map(&[])).content()), (415, Code::UnsupportedMediaType));
        assert_eq!(code(Content::Lines.expect_json()), (415, Code::UnsupportedMediaType));
    }

    #[test]
    fn paths_are_taken_apart_before_they_are_decoded() {
        let uri: Uri = "/v1/positions/a%2Fb/n%20rth/policy?x=/".parse().expect("a path");
        let path = Path::of(&uri);
        assert_eq!(path.word(1).expect("text"), "a/b");
        assert_eq!(path.word(2).expect("text"), "n rth");
        assert_eq!(path.word(9).expect("text"), "");
        assert_eq!(code(path.id(1, "itemId", ItemId::parse)), (422, Code::InvalidId));
        let without: Uri = "/inventory-items/tea/availability".parse().expect("a path");
        assert_eq!(Path::of(&without).word(1).expect("text"), "tea");
        let broken: Uri = "/v1/items/%FF".parse().expect("a path");
        assert_eq!(code(Path::of(&broken).word(1)), (422, Code::InvalidId));
    }

    /// A body that comes in pieces.
    struct Pieces(&'static [&'static str]);

    impl hyper::body::Body for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let Some((first, rest)) = self.0.split_first() else { return Poll::Ready(None) };
            self.0 = rest;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(first.as_bytes())))))
        }
    }

    /// Counts how many pieces were not asked for.
    struct Counted(Pieces, Arc<AtomicUsize>);

    impl hyper::body::Body for Counted {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let polled = Pin::new(&mut self.0).poll_frame(context);
            self.1.store(self.0.0.len(), Ordering::Relaxed);
            polled
        }
    }

    async fn read_pieces(pieces: &'static [&'static str], limit: usize) -> Result<Bytes, Problem> {
        let body = Body::new(Pieces(pieces));
        read(body, &HeaderMap::new(), limit).await
    }

    #[tokio::test]
    async fn bodies_are_read_up_to_their_limit() {
        assert_eq!(read_pieces(&[], 4).await.expect("short"), "");
        assert_eq!(read_pieces(&["abcd"], 4).await.expect("short"), "abcd");
        assert_eq!(read_pieces(&["", "a", "", "bc", "d"], 4).await.expect("short"), "abcd");
        for pieces in [&["abcde"] as &[_], &["abc", "de"], &["a", "b", "c", "d", "e", "f"]] {
            assert_eq!(code(read_pieces(pieces, 4).await), (413, Code::LimitExceeded));
        }
    }

    #[tokio::test]
    async fn a_body_too_large_is_drained_up_to_twice_the_limit() {
        async fn left_of(pieces: &'static [&'static str], length: &str) -> usize {
            let left = Arc::new(AtomicUsize::new(pieces.len()));
            let body = Counted(Pieces(pieces), Arc::clone(&left));
            let headers = map(&[("content-length", length)]);
            let refused = read(Body::new(body), &headers, 4).await;
            assert_eq!(code(refused), (413, Code::LimitExceeded));
            left.load(Ordering::Relaxed)
        }
        assert_eq!(left_of(&["abcd", "e", "f", "gh"], "8").await, 0);
        assert_eq!(left_of(&["abcd", "efgh", "i", "j"], "4").await, 1);
        assert_eq!(left_of(&["abcd", "efgh", "i"], "9").await, 3);
    }
}
