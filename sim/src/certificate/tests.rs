//! Stories of scenes that are made by hand: what lies between two ends, and who blocks whom.

use holdtime_core::Instant;
use holdtime_core::speaker::{Obligation, ObligationKind, Party, StreamId};
use holdtime_machine::net::PathState;
use holdtime_machine::world::{FlowLook, StreamLook, StreamMaterial};

use crate::actor::{Awaited, PeerState};
use crate::certificate::scene::{
    ActorLife, ActorRole, Scene, SceneActor, SceneStream, SceneTask, ScriptStand, SpeakerInside,
};
use crate::certificate::{Certificate, CertificateEnd, InertReason, certify};
use crate::observe::tasks::TaskRecord;
use crate::observe::witness::{Wait, WaitFor};
use crate::observe::{ProgramKey, SessionKey};
use crate::oracle::{Alarm, Creditor, Missing, Oracle};

const STREAM: StreamId = StreamId::opened(0);
const NOW: Instant = Instant::from_secs(60);

fn neighbor() -> Party {
    Party::Neighbor("10.0.0.2".to_owned())
}

/// A full stream to one who does this, and a task that waits for room on it.
fn scene(party: Party, life: ActorLife, awaits: Option<Awaited>, outgoing: FlowLook) -> Scene {
    let pipes = matches!(party, Party::Program(_));
    let (role, far) = if pipes { (ActorRole::Program, "program p") } else { (ActorRole::Peer, "peer p") };
    let material = if pipes { StreamMaterial::Pipes } else { StreamMaterial::Connection };
    let step = PeerState::Waiting { step: "a step".to_owned(), since: Instant::ZERO, expects: false };
    let stream = SceneStream {
        id: STREAM,
        program: pipes.then_some(ProgramKey(0)),
        far: far.to_owned(),
        far_at: Some(1),
        party: Some(party.clone()),
        look: Some(StreamLook {
            material,
            far: None,
            connecting: false,
            incoming: FlowLook::default(),
            outgoing: FlowLook { full: true, ..outgoing },
        }),
        unread: 0,
        unread_since: Instant::ZERO,
        reader: Some(0),
        writer: Some(0),
    };
    let wait = Wait { what: WaitFor::Writable(STREAM), since: Instant::ZERO, task: None };
    let task = |waits| SceneTask { is_main: true, is_latest: false, waits, record: TaskRecord::default() };
    let kind = if pipes { ObligationKind::Answer } else { ObligationKind::Octets };
    let owed = Obligation {
        debtor: Party::Speaker,
        creditor: party,
        kind,
        what: "47 octets of messages".to_owned(),
        waits_for: None,
        since: Instant::ZERO,
        until: None,
        clause: "",
    };
    let inside = SpeakerInside {
        tasks: vec![task(vec![wait])],
        streams: vec![stream],
        owed: vec![owed],
        ..SpeakerInside::default()
    };
    let speaker = SceneActor {
        role: ActorRole::Speaker,
        name: "speaker".to_owned(),
        life: ActorLife::Runs,
        script: None,
        inside: Some(inside),
    };
    let script = Some(ScriptStand { state: step, awaits, speaks_at: None });
    let far = SceneActor { role, name: far.to_owned(), life, script, inside: None };
    let creditor = far.name.clone();
    Scene { at: NOW, actors: vec![speaker, far], speaker: 0, creditor, creditor_at: Some(1) }
}

fn story(scene: &Scene, missing: Missing) -> Certificate {
    let creditor = match missing {
        Missing::Answer => Creditor::Program(ProgramKey(0)),
        _ => Creditor::Session(SessionKey(0)),
    };
    let what = "what is missing".to_owned();
    let (oracle, since) = (Oracle::Unsent, Instant::ZERO);
    certify(scene, &Alarm { oracle, at: NOW, since, creditor, missing, what, clause: "" })
}

/// Routes towards a peer.
fn towards_peer(life: ActorLife, outgoing: FlowLook) -> Certificate {
    let mut scene = scene(neighbor(), life, None, outgoing);
    let connection = crate::certificate::scene::PastConnection {
        session: SessionKey(0),
        remote: std::net::IpAddr::from([10, 0, 0, 2]),
        complaint: None,
    };
    if let Some(inside) = &mut scene.actors[0].inside {
        inside.connections.push(connection);
    }
    story(&scene, Missing::Routes)
}

fn reason(certificate: &Certificate) -> Option<InertReason> {
    match certificate.end {
        CertificateEnd::Inert { reason, .. } => Some(reason),
        _ => None,
    }
}

#[test]
fn behind_a_shut_window_is_a_peer_that_does_not_read_or_cannot() {
    let shut = FlowLook { on_the_way: 47, unread: 65_536, shut: true, ..FlowLook::default() };
    let told = towards_peer(ActorLife::Runs, shut);
    assert_eq!(reason(&told), Some(InertReason::NotReading), "{told:?}");
    let who: Vec<_> = told.links.iter().map(|link| link.who.as_str()).collect();
    let window = "the receive window of peer p";
    assert_eq!(who, ["peer p", "speaker", "its main task", "the send buffer towards peer p", window]);
    for (life, why) in [(ActorLife::Stopped, InertReason::Stopped), (ActorLife::Over, InertReason::Ended)] {
        assert_eq!(reason(&towards_peer(life, shut)), Some(why));
    }
}

#[test]
fn what_a_path_loses_is_the_paths_fault_and_not_the_readers() {
    let lost = |path, on_the_way| {
        let flow = FlowLook { on_the_way, path, wanted: true, ..FlowLook::default() };
        reason(&towards_peer(ActorLife::Runs, flow))
    };
    assert_eq!(lost(PathState::Cut, 47), Some(InertReason::CutOff));
    assert_eq!(lost(PathState::Dark, 47), Some(InertReason::Off));
    assert_eq!(lost(PathState::Narrow(500), 1_460), Some(InertReason::TooLarge));
    assert_eq!(lost(PathState::Narrow(500), 47), None, "that would fit");
}

#[test]
fn a_reader_that_reads_can_act() {
    let flow = FlowLook { shut: true, wanted: true, ..FlowLook::default() };
    let told = towards_peer(ActorLife::Runs, flow);
    assert_eq!(told.end, CertificateEnd::CanAct("peer p".to_owned()));
}

#[test]
fn a_speaker_and_a_program_that_write_to_each_other_and_do_not_read_are_a_circle() {
    let program = || Party::Program("p".to_owned());
    let full = FlowLook { unread: 65_536, ..FlowLook::default() };
    let blocked = story(&scene(program(), ActorLife::Runs, Some(Awaited::Room), full), Missing::Answer);
    assert!(blocked.end.is_circle(), "{blocked:?}");
    let silent = story(&scene(program(), ActorLife::Runs, None, full), Missing::Answer);
    assert_eq!(reason(&silent), Some(InertReason::NotReading), "{silent:?}");
}

#[test]
fn what_nobody_owes_is_forgotten_and_a_debt_of_another_kind_is_not_blamed() {
    let mut scene = scene(neighbor(), ActorLife::Runs, None, FlowLook::default());
    if let Some(inside) = &mut scene.actors[0].inside {
        inside.connections.push(crate::certificate::scene::PastConnection {
            session: SessionKey(0),
            remote: std::net::IpAddr::from([10, 0, 0, 2]),
            complaint: None,
        });
        inside.owed[0].kind = ObligationKind::Attempt;
    }
    assert_eq!(reason(&story(&scene, Missing::Routes)), Some(InertReason::Forgotten));
    assert_eq!(reason(&story(&scene, Missing::Keepalive)), Some(InertReason::Unarmed));
}
