//! From method and path to a row of the table of routes.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;

use crate::http::door::Door;

/// A handler at work.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A row of the table.
pub(crate) struct Route {
    /// Its method; `GET` serves `HEAD` too.
    pub(crate) method: Method,
    /// Its path; `{name}` stands for one word.
    pub(crate) path: &'static str,
    /// What answers it.
    pub(crate) answer: fn(Arc<Door>, Request) -> Answering,
}

/// Writes the table: `METHOD "path" => handler,`.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:path,)*) => {
        &[$($crate::http::route::Route {
            method: axum::http::Method::$method,
            path: $path,
            answer: |door, request| Box::pin($handler(axum::extract::State(door), request)),
        },)*]
    };
}
pub(crate) use routes;

/// What is known about a method and a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The row that answers it.
    Row(usize),
    /// The path exists, with these methods.
    OtherMethods(String),
    /// There is no such path.
    Nothing,
}

/// The table, made ready for looking things up.
pub(crate) struct Router {
    routes: &'static [Route],
    /// Rows of paths without parameters.
    exact: HashMap<&'static str, Vec<usize>>,
    /// Rows of paths with parameters, in the order of the table.
    patterns: Vec<(Vec<&'static str>, Vec<usize>)>,
}

impl Router {
    /// Reads the table.
    pub(crate) fn new(routes: &'static [Route]) -> Self {
        let mut exact: HashMap<_, Vec<usize>> = HashMap::new();
        let mut patterns: Vec<(Vec<&'static str>, Vec<usize>)> = Vec::new();
        for (row, route) in routes.iter().enumerate() {
            if !route.path.contains('{') {
                exact.entry(route.path).or_default().push(row);
                continue;
            }
            let words: Vec<_> = route.path.split('/').collect();
            match patterns.iter_mut().find(|(known, _)| *known == words) {
                Some((_, rows)) => rows.push(row),
                None => patterns.push((words, vec![row])),
            }
        }
        Self { routes, exact, patterns }
    }

    /// Looks a request up.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found {
        let Some(rows) = self.rows(path) else { return Found::Nothing };
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match rows.iter().find(|row| self.routes[**row].method == *method) {
            Some(row) => Found::Row(*row),
            None => Found::OtherMethods(self.allow(rows)),
        }
    }

    fn rows(&self, path: &str) -> Option<&[usize]> {
        if let Some(rows) = self.exact.get(path) {
            return Some(rows);
        }
        let matching = self.patterns.iter().find(|(words, _)| matches(words, path));
        matching.map(|(_, rows)| rows.as_slice())
    }

    fn allow(&self, rows: &[usize]) -> String {
        let mut methods = vec!["OPTIONS"];
        for row in rows {
            methods.push(self.routes[*row].method.as_str());
            if self.routes[*row].method == Method::GET {
                methods.push("HEAD");
            }
        }
        methods.sort_unstable();
        methods.join(", ")
    }
}

/// Whether a path has these words. A parameter is never empty.
fn matches(words: &[&str], path: &str) -> bool {
    let mut given = path.split('/');
    words.iter().all(|word| {
        given.next().is_some_and(|given| match word.starts_with('{') {
            true => !given.is_empty(),
            false => given == *word,
        })
    }) && given.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::State;

    async fn nothing(State(_): State<Arc<Door>>, _: Request) -> Response {
        Response::default()
    }

    static TABLE: &[Route] = routes! {
        GET "/v1/items" => nothing,
        PUT "/v1/items/{itemId}" => nothing,
        GET "/v1/items/{itemId}" => nothing,
        POST "/v1/stock:batch" => nothing,
        GET "/things/by-name/{name}" => nothing,
        GET "/things/{id}/parts" => nothing,
    };

    #[test]
    fn requests_find_their_row() {
        let router = Router::new(TABLE);
        let other = |methods: &str| Found::OtherMethods(methods.to_owned());
        for (method, path, expected) in [
            ("GET", "/v1/items", Found::Row(0)),
            ("HEAD", "/v1/items", Found::Row(0)),
            ("PUT", "/v1/items/tea", Found::Row(1)),
            ("GET", "/v1/items/tea", Found::Row(2)),
            ("GET", "/v1/items/a%2Fb", Found::Row(2)),
            ("POST", "/v1/stock:batch", Found::Row(3)),
            ("GET", "/things/by-name/tea", Found::Row(4)),
            ("GET", "/things/tea/parts", Found::Row(5)),
            ("GET", "/things/by-name/parts", Found::Row(4)),
            ("POST", "/v1/items", other("GET, HEAD, OPTIONS")),
            ("OPTIONS", "/v1/items/tea", other("GET, HEAD, OPTIONS, PUT")),
            ("HEAD", "/v1/stock:batch", other("OPTIONS, POST")),
            ("GET", "/", Found::Nothing),
            ("GET", "", Found::Nothing),
            ("GET", "*", Found::Nothing),
            ("GET", "/v1/items/", Found::Nothing),
            ("GET", "/v1/items/tea/", Found::Nothing),
            ("GET", "/v1/items/tea/more", Found::Nothing),
            ("GET", "/v1/Items", Found::Nothing),
            ("GET", "//v1/items", Found::Nothing),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(router.find(&method, path), expected, "{method} {path}");
        }
    }
}
