//! What programs are told of a neighbor: which of them, in which form.

use super::neighbor::NeighborState;
use super::notice::{MessageContent, Notice};
use super::programs::Programs;
use crate::api::{self, ApiEvent, MessageDirection};
use crate::config::Messages;
use crate::session::State;
use crate::time::Now;
use crate::wire::frame::{Frame, kind};
use crate::wire::treatment::Problem;
use crate::wire::update::UpdateView;
use crate::wire::{Attribute, FamilyTerms, Message, MessageView, Negotiated, PathAttributeValue};

impl Programs {
    /// Tells the programs that want to hear it what happened on a neighbor's session.
    pub(super) fn notify(&mut self, now: Now, neighbor: &NeighborState, notice: &Notice<'_>) {
        // A message is decoded once, and only for whoever wants to see inside.
        let mut decoded = None;
        for subscription in &neighbor.config.api {
            if !self.is_listening(&subscription.process) {
                continue;
            }
            let mut tell =
                |event: ApiEvent<'_>| self.tell_event(now, neighbor, &subscription.process, &event);
            match notice {
                Notice::Connected if subscription.neighbor_changes => tell(ApiEvent::Connected),
                Notice::Up if subscription.neighbor_changes => tell(ApiEvent::Up),
                Notice::Down { reason } if subscription.neighbor_changes => tell(ApiEvent::Down { reason }),
                Notice::State { state } if subscription.fsm => {
                    tell(ApiEvent::Fsm { state: state_name(*state) });
                }
                Notice::Negotiated { negotiated, .. } if subscription.negotiated => {
                    tell(ApiEvent::Negotiated(negotiated));
                }
                Notice::Signal(signal) if subscription.signal => {
                    let (number, name) =
                        signal.map_or((0, "none"), |signal| (signal.number(), signal.name()));
                    tell(ApiEvent::Signal { number, name });
                }
                Notice::Message { sent, kind, octets, content, negotiated } => {
                    let wanted = if *sent { &subscription.send } else { &subscription.receive };
                    if !wants(wanted, *kind) {
                        continue;
                    }
                    let direction = if *sent { MessageDirection::Send } else { MessageDirection::Receive };
                    let negotiated_too = subscription.negotiated.then_some(*negotiated);
                    if wanted.packets && !wanted.consolidate {
                        tell(ApiEvent::Packet { direction, octets, negotiated: negotiated_too });
                    }
                    if !wanted.parsed && !wanted.consolidate {
                        continue;
                    }
                    let message = decoded.get_or_insert_with(|| {
                        let aigp = direction == MessageDirection::Send || neighbor.accepts_aigp();
                        match content {
                            MessageContent::Undecoded => {
                                decode(direction, Frame::of_whole(octets, *kind), negotiated, aigp)
                            }
                            MessageContent::Packed(as_peer_reads) => {
                                let terms = as_peer_reads.get_or_init(|| mirrored(negotiated));
                                decode(direction, Frame::of_whole(octets, *kind), terms, aigp)
                            }
                            MessageContent::Update(view) => described(view, negotiated, direction, aigp),
                            MessageContent::Unreadable => None,
                            MessageContent::Message(message) => Some(((*message).clone(), None)),
                        }
                    });
                    let Some(message) = message else { continue };
                    // Of what is received ExaBGP shows the octets to everyone who consolidates, asked for or not.
                    let beside = (wanted.consolidate && (wanted.packets || !*sent)).then_some(*octets);
                    let (message, problem) = (&message.0, message.1.as_ref());
                    let negotiated = negotiated_too;
                    tell(ApiEvent::Message { direction, message, problem, octets: beside, negotiated });
                }
                // Not subscribed to.
                Notice::Connected
                | Notice::Up
                | Notice::Down { .. }
                | Notice::State { .. }
                | Notice::Negotiated { .. }
                | Notice::Signal(_) => {}
            }
        }
    }

    fn tell_event(&mut self, now: Now, neighbor: &NeighborState, program: &str, event: &ApiEvent<'_>) {
        let Some(encoder) = self.encoder(program) else { return };
        if let Some(line) = self.teller.event(now, neighbor, encoder, event) {
            self.tell(now, program, &line);
        }
    }
}

/// Whether a program wants to hear of messages of this type.
fn wants(messages: &Messages, kind: u8) -> bool {
    match kind {
        kind::OPEN => messages.open,
        kind::UPDATE => messages.update,
        kind::NOTIFICATION => messages.notification,
        kind::KEEPALIVE => messages.keepalive,
        kind::ROUTE_REFRESH => messages.refresh,
        kind::OPERATIONAL => messages.operational,
        _ => false,
    }
}

/// The name that programs know a state by.
pub(super) const fn state_name(state: State) -> &'static str {
    match state {
        State::Idle => "IDLE",
        State::Connect => "CONNECT",
        State::Active => "ACTIVE",
        State::OpenSent => "OPENSENT",
        State::OpenConfirm => "OPENCONFIRM",
        State::Established => "ESTABLISHED",
    }
}

/// What a message says, and what is wrong with it; `None` where it cannot be read.
fn decode(
    direction: MessageDirection,
    frame: Frame<'_>,
    negotiated: &Negotiated,
    aigp: bool,
) -> Option<(Message, Option<Problem>)> {
    Some(match MessageView::decode(frame, negotiated).ok()? {
        MessageView::Update(view) => return described(&view, negotiated, direction, aigp),
        view => (view.into(), None),
    })
}

/// What is told of an UPDATE; of a family that is ignored nothing, but why.
fn described(
    view: &UpdateView<'_>,
    negotiated: &Negotiated,
    direction: MessageDirection,
    aigp: bool,
) -> Option<(Message, Option<Problem>)> {
    if view.is_ignored() && view.disabled().next().is_none() {
        return None;
    }
    let mut told = api::event::described(view, negotiated, direction);
    if let (false, Message::Update(update)) = (aigp, &mut told.0) {
        let is_aigp = |value: &_| matches!(value, PathAttributeValue::Route(Attribute::Aigp(_)));
        update.attributes.retain(|attribute| !is_aigp(&attribute.value));
    }
    Some(told)
}

/// The terms as the peer reads them: what we send is laid out as we said that we would send it.
fn mirrored(negotiated: &Negotiated) -> Negotiated {
    let mut mirrored = negotiated.clone();
    for terms in negotiated.families() {
        let (add_path_receive, add_path_send) = (terms.add_path_send, terms.add_path_receive);
        mirrored.set_family(FamilyTerms { add_path_receive, add_path_send, ..*terms });
    }
    mirrored
}
