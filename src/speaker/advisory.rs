//! OPERATIONAL messages that the configuration or a program wants to be sent.

use alloc::boxed::Box;
use core::net::Ipv4Addr;

use super::neighbor::NeighborState;
use crate::grammar::{OperationalKind, OperationalMessage, PrefixCount};
use crate::wire::Operational;
use crate::wire::operational::{OperationalContent, kind};

impl NeighborState {
    /// Sends `message` where the session knows OPERATIONAL. An advisory that the peer is to keep is sent in every session
    /// from now on, the last one of each family.
    pub(super) fn advise(&mut self, message: &OperationalMessage) {
        if !self.config.families.contains(&message.family) {
            return;
        }
        if matches!(message.kind, OperationalKind::AdvisoryStatic(_)) {
            let replaces = |known: &OperationalMessage| {
                known.family == message.family && matches!(known.kind, OperationalKind::AdvisoryStatic(_))
            };
            self.config.operational.retain(|known| !replaces(known));
            self.config.operational.push(message.clone());
        }
        if self.speaks_operational() {
            self.operational.push_back(on_the_wire(message, self.config.router_id));
        }
    }

    /// A session is up: what the configuration says, and every advisory that the peer is to keep.
    pub(super) fn advise_again(&mut self) {
        if self.speaks_operational() {
            let own_id = self.config.router_id;
            let messages = self.config.operational.iter();
            self.operational.extend(messages.map(|message| on_the_wire(message, own_id)));
        }
    }

    fn speaks_operational(&self) -> bool {
        self.established().is_some_and(|link| link.session.negotiated().operational)
    }
}

/// The message, from `own_id` unless it names somebody else.
fn on_the_wire(message: &OperationalMessage, own_id: Ipv4Addr) -> Operational {
    let family = message.family;
    let router_id = message.router_id.unwrap_or(own_id);
    let advisory = |text: &str| OperationalContent::Advisory { family, text: Box::from(text.as_bytes()) };
    let (kind, content) = match &message.kind {
        OperationalKind::AdvisoryStatic(text) => (kind::ASM, advisory(text)),
        OperationalKind::AdvisoryDemand(text) => (kind::ADM, advisory(text)),
        OperationalKind::PrefixCount { count, sequence, counter } => {
            let (query, answer) = match count {
                PrefixCount::Reachable => (kind::RPCQ, kind::RPCP),
                PrefixCount::Adjacent => (kind::APCQ, kind::APCP),
                PrefixCount::Local => (kind::LPCQ, kind::LPCP),
            };
            let sequence = *sequence;
            match counter {
                None => (query, OperationalContent::Query { family, router_id, sequence }),
                // The field has four octets, whatever was asked for.
                Some(counter) => {
                    let counter = u32::try_from(*counter).unwrap_or(u32::MAX);
                    (answer, OperationalContent::Counter { family, router_id, sequence, counter })
                }
            }
        }
    };
    Operational { kind, content }
}
