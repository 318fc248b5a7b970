//! One message as the object that ExaBGP prints of it.

use std::net::{IpAddr, Ipv4Addr};

use holdtime_core::api::{self, ApiEvent, Envelope, MessageDirection, Peer};
use holdtime_core::wire::treatment::Treatment;
use holdtime_core::wire::{Family, FamilyTerms, Framer, MessageView, Negotiated, UpdateView};
use holdtime_dump::{self as dump, Endpoints, KnownTerms, RecordedMessage};

/// What is assumed of a session where the input does not say it, or the user knows better.
#[derive(Clone, Debug)]
pub(super) struct Assumptions {
    pub(super) families: Vec<Family>,
    pub(super) path_information: bool,
    pub(super) two_octet_as: bool,
    pub(super) bgpsec: bool,
}

/// What is told of a message that comes from nowhere.
const NOBODY: Peer = Peer {
    local_address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    peer_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    local_as: Some(65533),
    peer_as: Some(65533),
    router_id: Some(Ipv4Addr::new(10, 0, 0, 2)),
};

/// The terms by which messages are read: of each layout one, whose AS numbers are set for each message.
#[derive(Debug)]
pub(super) struct Layouts {
    /// With AS numbers of two octets, or four (bit 0); with path identifiers (bit 1).
    layouts: [Negotiated; 4],
    /// What the OPENs of the last message's session agreed on.
    agreed: Negotiated,
    path_information: bool,
    two_octet_as: bool,
    bgpsec: bool,
}

impl Layouts {
    pub(super) fn new(assumed: &Assumptions) -> Self {
        let layout = |asn4: bool, add_path: bool| {
            let mut negotiated = Negotiated::default();
            (negotiated.asn4, negotiated.extended_message) = (asn4, true);
            negotiated.bgpsec = assumed.bgpsec;
            for family in &assumed.families {
                let terms = FamilyTerms { add_path_receive: add_path, ..FamilyTerms::assumed(*family) };
                negotiated.set_family(terms);
            }
            negotiated
        };
        Self {
            layouts: [layout(false, false), layout(true, false), layout(false, true), layout(true, true)],
            agreed: Negotiated::default(),
            path_information: assumed.path_information,
            two_octet_as: assumed.two_octet_as,
            bgpsec: assumed.bgpsec,
        }
    }

    /// What a message between these is read by.
    fn of(&mut self, terms: KnownTerms<'_>, (local_as, peer_as): (u32, u32)) -> &Negotiated {
        let (asn4, add_path) = match terms {
            KnownTerms::Unheard => (true, false),
            KnownTerms::Told { asn4, add_path } => (asn4, add_path),
            KnownTerms::Agreed(agreed) => {
                self.agreed.clone_from(agreed);
                self.agreed.bgpsec |= self.bgpsec;
                self.agreed.asn4 &= !self.two_octet_as;
                return &self.agreed;
            }
        };
        let (asn4, add_path) = (asn4 && !self.two_octet_as, add_path || self.path_information);
        let [two, four, two_paths, four_paths] = &mut self.layouts;
        let layout = match (asn4, add_path) {
            (false, false) => two,
            (true, false) => four,
            (false, true) => two_paths,
            (true, true) => four_paths,
        };
        (layout.local_as, layout.peer_as) = (local_as, peer_as);
        layout
    }
}

/// The two ends of a session as programs are told of them.
pub(super) const fn peer(session: &Endpoints) -> Peer {
    Peer {
        local_address: session.local_address,
        peer_address: session.peer_address,
        local_as: session.local_as,
        peer_as: session.peer_as,
        router_id: session.peer_id,
    }
}

/// Appends the object that describes a message.
///
/// # Errors
///
/// Why there is none, in one sentence.
pub(super) fn json(
    line: &mut String,
    envelope: &Envelope<'_>,
    session: Option<&Endpoints>,
    message: &RecordedMessage<'_>,
    layouts: &mut Layouts,
) -> Result<(), String> {
    let between = session.map_or(NOBODY, peer);
    let numbers = (between.local_as.unwrap_or_default(), between.peer_as.unwrap_or_default());
    let negotiated = layouts.of(message.terms, numbers);
    let direction = match message.direction {
        dump::RecordedDirection::Received => MessageDirection::In,
        dump::RecordedDirection::Sent => MessageDirection::Send,
    };
    let frame = Framer::new(message.octets, negotiated.max_message()).next_frame();
    let frame = frame.map_err(|error| format!("the message cannot be read: {error}"))?;
    let frame = frame.ok_or("the message cannot be read: it is cut off")?;
    let view = MessageView::decode(frame, negotiated);
    match view.map_err(|error| format!("the message cannot be read: {error}"))? {
        MessageView::Update(view) => {
            // Internal peers say LOCAL_PREF always (RFC 4271 §5.1.5): where nobody knows whose it is, as in a capture without the
            // OPENs, one without it is an external peer's.
            let known = session.is_some_and(|session| session.local_as.and(session.peer_as).is_some());
            let outside = !known && view.frequent().local_pref.is_none();
            // What external peers have no say in, the receiver ignores: of what was sent, it is told.
            let sent = direction == MessageDirection::Send && !negotiated.is_internal();
            let others = match (outside, sent) {
                (true, _) => Some(from_outside(negotiated)),
                (_, true) => Some(as_sent(negotiated)),
                _ => None,
            };
            let again = others
                .as_ref()
                .and_then(|terms| UpdateView::decode(frame.body(), terms).ok().map(|view| (view, terms)))
                .filter(|(again, _)| outside || worst(again) <= worst(&view));
            let (view, terms) = again.unwrap_or((view, negotiated));
            api::json::update(line, envelope, &between, direction, (&view, terms), false);
            Ok(())
        }
        view => {
            let message = view.into();
            let event = ApiEvent::Message {
                direction,
                message: &message,
                problem: None,
                octets: None,
                negotiated: None,
            };
            match api::json::event(line, envelope, &between, &event, false) {
                true => Ok(()),
                false => Err(format!("a message of type {} has no JSON form", frame.kind())),
            }
        }
    }
}

/// What the worst problem of an UPDATE comes to.
fn worst(view: &UpdateView<'_>) -> Option<Treatment> {
    view.problem().map(|problem| problem.treatment)
}

/// The same terms with a peer in the same AS.
fn as_sent(negotiated: &Negotiated) -> Negotiated {
    let mut internal = negotiated.clone();
    internal.peer_as = internal.local_as;
    internal
}

/// The same terms with a peer in another AS.
fn from_outside(negotiated: &Negotiated) -> Negotiated {
    let mut external = negotiated.clone();
    external.peer_as = external.local_as.wrapping_add(1);
    external
}
