//! Which event goes to which topic, in which dialect.

use std::fmt;

use onhand_engine::events::{AggregateType, Event, EventType};

use crate::dialect::Dialect;

/// Routes that a configuration may name.
const ROUTES_MAX: usize = 64;
/// Bytes of the name of a topic at most; a limit of Kafka.
const TOPIC_BYTES_MAX: usize = 249;

/// Aggregates that a route can name.
const AGGREGATES: [AggregateType; 5] = [
    AggregateType::InventoryPosition,
    AggregateType::Reservation,
    AggregateType::Transfer,
    AggregateType::InventoryItem,
    AggregateType::Warehouse,
];

/// What a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selector {
    Type(EventType),
    Aggregate(AggregateType),
}

impl Selector {
    fn parse(name: &str) -> Option<Self> {
        let aggregate = || AGGREGATES.into_iter().find(|known| known.as_str() == name);
        EventType::parse(name).map(Self::Type).or_else(|| aggregate().map(Self::Aggregate))
    }

    fn takes(self, event: &Event) -> bool {
        match self {
            Self::Type(wanted) => event.event_type == wanted,
            Self::Aggregate(wanted) => event.aggregate_type == wanted,
        }
    }
}

/// One way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// Where to.
    pub(crate) topic: String,
    /// In which words.
    pub(crate) dialect: Dialect,
    /// Only these; all when empty.
    selectors: Vec<Selector>,
}

impl Route {
    /// All events, to one topic in one dialect.
    pub(crate) const fn whole(topic: String, dialect: Dialect) -> Self {
        Self { topic, dialect, selectors: Vec::new() }
    }

    /// Whether an event goes this way.
    pub(crate) fn takes(&self, event: &Event) -> bool {
        self.selectors.is_empty() || self.selectors.iter().any(|selector| selector.takes(event))
    }

    fn parse(text: &str) -> Result<Self, RouteError> {
        let (topic, rest) = text.split_once('=').ok_or(RouteError::Form(text.to_owned()))?;
        let (dialect, wanted) = rest.split_once(':').unwrap_or((rest, ""));
        let (topic, dialect) = (topic.trim(), dialect.trim());
        if !is_topic(topic) {
            return Err(RouteError::Topic(topic.to_owned()));
        }
        let unknown = || RouteError::Dialect(dialect.to_owned());
        let dialect = Dialect::parse(dialect).ok_or_else(unknown)?;
        let names = wanted.split('|').map(str::trim).filter(|name| !name.is_empty());
        let parse = |name: &str| Selector::parse(name).ok_or(RouteError::Event(name.to_owned()));
        let selectors: Vec<_> = names.map(parse).collect::<Result<_, _>>()?;
        if selectors.is_empty() && rest.contains(':') {
            return Err(RouteError::Form(text.to_owned()));
        }
        Ok(Self { topic: topic.to_owned(), dialect, selectors })
    }
}

/// Whether Kafka takes it as the name of a topic.
pub(crate) fn is_topic(name: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-');
    let length = (1..=TOPIC_BYTES_MAX).contains(&name.len());
    length && name.chars().all(plain) && name != "." && name != ".."
}

/// All ways out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    /// Reads `TOPIC=DIALECT[:NAME|NAME…], …`, where a name is that of an event type or of an aggregate.
    ///
    /// # Errors
    /// The part that cannot be understood.
    pub(crate) fn parse(text: &str) -> Result<Self, RouteError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let routes: Vec<_> = parts.map(Route::parse).collect::<Result<_, _>>()?;
        if routes.len() > ROUTES_MAX {
            return Err(RouteError::TooMany);
        }
        Ok(Self(routes))
    }

    /// One way for everything that is sent.
    pub(crate) fn one(route: Route) -> Self {
        Self(vec![route])
    }

    /// The ways of an event.
    pub(crate) fn of<'a>(&'a self, event: &Event) -> impl Iterator<Item = &'a Route> {
        self.0.iter().filter(|route| route.takes(event))
    }

    /// Every topic once.
    pub(crate) fn topics(&self) -> Vec<&str> {
        let mut topics: Vec<_> = self.0.iter().map(|route| route.topic.as_str()).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    /// The same ways without those that lead elsewhere or speak otherwise.
    pub(crate) fn only(&self, topic: Option<&str>, dialect: Option<Dialect>) -> Self {
        let wanted = |route: &&Route| {
            topic.is_none_or(|topic| route.topic == topic)
                && dialect.is_none_or(|dialect| route.dialect == dialect)
        };
        Self(self.0.iter().filter(wanted).cloned().collect())
    }

    /// Whether nothing goes anywhere.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The words of all dialects, for people.
pub(crate) fn dialect_names() -> String {
    Dialect::ALL.map(Dialect::as_str).join(", ")
}

/// Why a text names no routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RouteError {
    /// Not of the form `TOPIC=DIALECT[:NAME|NAME…]`.
    Form(String),
    /// Kafka has no such topics.
    Topic(String),
    /// There is no such dialect.
    Dialect(String),
    /// There is neither an event type nor an aggregate of that name.
    Event(String),
    /// Too many.
    TooMany,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(part) => {
                write!(f, "`{part}` is not of the form TOPIC=DIALECT or TOPIC=DIALECT:NAME|NAME")
            }
            Self::Topic(name) => write!(f, "`{name}` cannot be the name of a topic"),
            Self::Dialect(name) => {
                write!(f, "there is no dialect `{name}`; there are {}", dialect_names())
            }
            Self::Event(name) => {
                write!(f, "there is neither an event type nor an aggregate `{name}`")
            }
            Self::TooMany => write!(f, "more than {ROUTES_MAX} routes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read() {
        let routes = Routes::parse(
            " inventory-events=standard, shelf=dotted:StockLevelChanged|Reservation ,",
        )
        .unwrap();
        assert_eq!(routes.topics(), ["inventory-events", "shelf"]);
        let shelf = &routes.0[1];
        let expected = [
            Selector::Type(EventType::StockLevelChanged),
            Selector::Aggregate(AggregateType::Reservation),
        ];
        assert_eq!(shelf.selectors, expected);
        assert_eq!(routes.only(Some("shelf"), None).topics(), ["shelf"]);
        assert!(routes.only(Some("other"), None).is_empty());
        assert!(Routes::parse("").unwrap().is_empty());
    }

    #[test]
    fn several_dialects_may_go_to_one_topic() {
        let routes = Routes::parse("a=standard,a=composerp:StockedOut").unwrap();
        assert_eq!((routes.0.len(), routes.topics()), (2, vec!["a"]));
        assert_eq!(routes.only(None, Some(Dialect::Composerp)).0, [routes.0[1].clone()]);
    }

    #[test]
    fn what_is_no_route_says_why() {
        let check = |text: &str, expected: RouteError| {
            assert_eq!(Routes::parse(text), Err(expected), "{text}");
        };
        check("inventory-events", RouteError::Form("inventory-events".into()));
        check("a=standard:", RouteError::Form("a=standard:".into()));
        check("=standard", RouteError::Topic(String::new()));
        check("a b=standard", RouteError::Topic("a b".into()));
        check("..=standard", RouteError::Topic("..".into()));
        check("a=klingon", RouteError::Dialect("klingon".into()));
        check("a=standard:Nothing", RouteError::Event("Nothing".into()));
        check(&"a=standard,".repeat(65), RouteError::TooMany);
        check(&format!("{}=standard", "a".repeat(250)), RouteError::Topic("a".repeat(250)));
    }
}
