//! What an error of the Kafka client means for what was sent.

use rdkafka::types::RDKafkaErrorCode;

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The broker, or something of it that others mend (a missing topic, a right, a replica), is away:
    /// wait until it is back. Never a reason to give a message up.
    Away,
    /// This message, or one in the same batch, will never be taken.
    Hopeless,
    /// The client has lost its thread and must be made anew.
    Broken,
    /// We took it back ourselves.
    TakenBack,
    /// The broker was there and said no, for a reason that may pass or not.
    Refused,
}

/// Sorts an error.
pub(super) const fn fault_of(code: RDKafkaErrorCode) -> Fault {
    use RDKafkaErrorCode as Code;
    match code {
        Code::MessageSizeTooLarge
        | Code::MessageBatchTooLarge
        | Code::InvalidMessage
        | Code::InvalidMessageSize
        | Code::InvalidRecord
        | Code::InvalidDifferentRecord
        | Code::InvalidTimestamp
        | Code::InvalidTopic
        | Code::UnsupportedForMessageFormat
        | Code::BadMessage => Fault::Hopeless,
        Code::Fatal
        | Code::Fenced
        | Code::ProducerFenced
        | Code::GaplessGuarantee
        | Code::Inconsistent
        | Code::State
        | Code::QueueFull
        | Code::UnknownProducerId
        | Code::InvalidProducerEpoch
        | Code::InvalidProducerIdMapping
        | Code::OutOfOrderSequenceNumber
        | Code::DuplicateSequenceNumber => Fault::Broken,
        Code::PurgeQueue | Code::PurgeInflight => Fault::TakenBack,
        Code::BrokerTransportFailure
        | Code::AllBrokersDown
        | Code::Resolve
        | Code::MessageTimedOut
        | Code::TimedOutQueue
        | Code::OperationTimedOut
        | Code::RequestTimedOut
        | Code::NetworkException
        | Code::BrokerNotAvailable
        | Code::LeaderNotAvailable
        | Code::NotLeaderForPartition
        | Code::ReplicaNotAvailable
        | Code::NotEnoughReplicas
        | Code::NotEnoughReplicasAfterAppend
        | Code::ISRInsufficient
        | Code::KafkaStorageError
        | Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownTopicId
        | Code::UnknownPartition
        | Code::UnknownBroker
        | Code::DestroyBroker
        | Code::FencedLeaderEpoch
        | Code::UnknownLeaderEpoch
        | Code::ThrottlingQuotaExceeded
        | Code::SSL
        | Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed => Fault::Away,
        _ => Fault::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sorted_by_what_can_be_done() {
        for (code, expected) in [
            (RDKafkaErrorCode::MessageSizeTooLarge, Fault::Hopeless),
            (RDKafkaErrorCode::InvalidTopic, Fault::Hopeless),
            (RDKafkaErrorCode::MessageTimedOut, Fault::Away),
            (RDKafkaErrorCode::UnknownTopicOrPartition, Fault::Away),
            (RDKafkaErrorCode::TopicAuthorizationFailed, Fault::Away),
            (RDKafkaErrorCode::NotEnoughReplicas, Fault::Away),
            (RDKafkaErrorCode::Fatal, Fault::Broken),
            (RDKafkaErrorCode::PurgeQueue, Fault::TakenBack),
            (RDKafkaErrorCode::PolicyViolation, Fault::Refused),
            (RDKafkaErrorCode::Unknown, Fault::Refused),
        ] {
            assert_eq!(fault_of(code), expected, "{code:?}");
        }
    }
}
