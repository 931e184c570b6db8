//! What stands behind the `?`.

use std::borrow::Cow;

use axum::http::Uri;
use onhand_domain::ids::InvalidId;

use crate::http::decimal::Field;
use crate::http::extract::id;
use crate::http::problem::Problem;

/// The parameters of a request, decoded. Unknown ones are ignored; of one that stands several times
/// where one is meant, the first counts.
#[derive(Debug)]
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// The parameters of a request.
    pub(crate) fn of(uri: &'a Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).collect())
    }

    /// All values of a parameter.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The value of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of a parameter, as an id.
    ///
    /// # Errors
    /// 422 `INVALID_ID`.
    pub(crate) fn id<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Result<Option<T>, Problem> {
        self.text(name).map(|text| id(Field::named(name), text, parse)).transpose()
    }

    /// The value of a parameter that is one of some words.
    ///
    /// # Errors
    /// 400 `INVALID_REQUEST` that names the words.
    pub(crate) fn one_of<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let known = words.iter().find(|(word, _)| *word == text);
        known.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Problem::malformed(format!("`{name}` is one of {}", words.join(", ")))
                .with(|json| json.text("field", name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;
    use onhand_domain::ids::ItemId;

    #[test]
    fn parameters_are_decoded_and_may_repeat() {
        let uri: Uri = "/x?itemId=a%2Bb&itemId=c+d&limit=5&other".parse().expect("a path");
        let query = Query::of(&uri);
        assert_eq!(query.all("itemId").collect::<Vec<_>>(), ["a+b", "c d"]);
        assert_eq!(query.text("itemId"), Some("a+b"));
        assert_eq!(query.text("other"), Some(""));
        assert_eq!(query.text("cursor"), None);
    }

    #[test]
    fn ids_and_words_are_checked() {
        let uri: Uri = "/x?itemId=a%2Fb&stock=in&belowMin=perhaps".parse().expect("a path");
        let query = Query::of(&uri);
        let problem = query.id("itemId", ItemId::parse).expect_err("a slash");
        assert_eq!(problem.code(), Code::InvalidId);
        assert_eq!(query.id("locationId", ItemId::parse).expect("absent"), None);
        let stock = [("in", 1), ("out", 2)];
        assert_eq!(query.one_of("stock", &stock).expect("known"), Some(1));
        assert_eq!(query.one_of("none", &stock).expect("absent"), None);
        let problem = query.one_of("belowMin", &[("true", 1), ("false", 0)]).expect_err("unknown");
        assert_eq!(problem.status().as_u16(), 400);
        assert_eq!(problem.detail(), "`belowMin` is one of true, false");
    }
}
