//! Making the topics that are missing, when asked to.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::types::RDKafkaErrorCode;

use super::client::{Quiet, settings};
use super::{Creation, KafkaConfig};

/// How long the broker may take.
const WAIT: Duration = Duration::from_secs(10);
/// Dead letters are kept for 24 h (EVENTS.md, "Handling").
const DEAD_LETTERS_KEPT_MS: &str = "86400000";

/// Makes what is missing; leaves what is there as it is.
///
/// # Errors
/// What the broker said.
pub(super) async fn create(config: &KafkaConfig) -> Result<(), String> {
    let plan = &config.topics;
    if plan.creation == Creation::Leave {
        return Ok(());
    }
    let told = |error: rdkafka::error::KafkaError| error.to_string();
    let admin: AdminClient<Quiet> = settings(config).create_with_context(Quiet).map_err(told)?;
    let replication = || TopicReplication::Fixed(plan.replication);
    let mut wanted: Vec<NewTopic<'_>> = config
        .routes
        .topics()
        .into_iter()
        .filter(|topic| *topic != plan.dead_letters)
        .map(|topic| NewTopic::new(topic, plan.partitions, replication()))
        .collect();
    let dead = NewTopic::new(&plan.dead_letters, plan.partitions, replication());
    wanted.push(dead.set("retention.ms", DEAD_LETTERS_KEPT_MS));
    let options = AdminOptions::new().request_timeout(Some(WAIT)).operation_timeout(Some(WAIT));
    for made in admin.create_topics(&wanted, &options).await.map_err(told)? {
        match made {
            Ok(topic) => tracing::info!(topic, "topic created"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, error)) => return Err(format!("topic {topic} cannot be made: {error}")),
        }
    }
    Ok(())
}
