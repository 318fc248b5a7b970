//! Stalls: whether a peer that takes nothing, a program that does not listen or one that talks without end is felt by the others.
//!
//! Each speaker has the same peers, one scene after the other. What is looked at is what the healthy have of it: the longest time
//! between two KEEPALIVEs, how long a command waits for its answer, and how long until its UPDATE is on the wire at the last
//! healthy peer. A speaker without an API for programs gets its routes from a peer and passes them on.

mod burden;
mod daemon;
mod scene;
mod table;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::link::PathWeather;
use crate::note::note;
use crate::wire::{self, BenchPrefix};
use daemon::BenchDaemon;
use scene::{NEXT_HOP, Stage, StageOrder};

/// How long a scene is measured.
const MEASURED: Duration = Duration::from_secs(20);

/// How long those that are healthy may take to have what fills the connections of the others.
const LOADING: Duration = Duration::from_secs(60);

/// Routes with long paths, so that no stalled connection has room for them: 3 MB.
const BULK: u32 = 3000;
const PATH: u32 = 250;

/// What a bench of stalls is told.
#[derive(Clone, Debug)]
pub(crate) struct StallOptions {
    pub(crate) only: Vec<String>,
    pub(crate) holdtime: Option<PathBuf>,
    pub(crate) exabgp: Option<PathBuf>,
    /// Peers, and how many of them stall.
    pub(crate) peers: usize,
    pub(crate) stalled: usize,
    /// Seconds.
    pub(crate) hold_time: u16,
    /// Neighbors and routes each of the great burden, instead of the scenes.
    pub(crate) burden: Option<(usize, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scene {
    /// Nothing is wrong.
    Quiet,
    /// Some peers take nothing, and live on.
    StalledPeers,
    /// A program asks on and on and never reads an answer.
    DeafProgram,
    /// A program asks as fast as it is read.
    FloodingProgram,
}

impl Scene {
    fn name(self, options: &StallOptions) -> String {
        match self {
            Self::Quiet => "quiet".to_owned(),
            Self::StalledPeers => format!("{} of {} peers stalled", options.stalled, options.peers),
            Self::DeafProgram => "a program deaf".to_owned(),
            Self::FloodingProgram => "a program flooding".to_owned(),
        }
    }

    fn needs_api(self) -> bool {
        matches!(self, Self::DeafProgram | Self::FloodingProgram)
    }
}

/// Measures everybody in every scene.
pub(crate) fn run(options: &StallOptions, folder: &Path) -> io::Result<()> {
    let daemons = daemon::all(&options.only, options.holdtime.as_deref(), options.exabgp.as_deref())?;
    let mut out = io::stdout();
    if let Some((neighbors, routes)) = options.burden {
        return burden::run(&daemons, neighbors, routes, options.hold_time, folder);
    }
    writeln!(out, "{}", table::scenes_header(MEASURED))?;
    for scene in [Scene::Quiet, Scene::StalledPeers, Scene::DeafProgram, Scene::FloodingProgram] {
        for daemon in daemons.iter().filter(|daemon| daemon.has_api() || !scene.needs_api()) {
            note(&format!("measuring {}: {}", daemon.name, scene.name(options)));
            match play(scene, daemon, options, folder) {
                Ok(measured) => {
                    writeln!(out, "{}", table::scene(daemon.name, &scene.name(options), &measured))?;
                }
                Err(error) => note(&format!("{}: not measured: {error}", daemon.name)),
            }
        }
    }
    Ok(())
}

fn play(
    scene: Scene,
    daemon: &BenchDaemon,
    options: &StallOptions,
    folder: &Path,
) -> io::Result<scene::Measured> {
    let stalled = if scene == Scene::StalledPeers { options.stalled } else { 0 };
    let mut stage = Stage::set(daemon, (options.peers, stalled), options.hold_time, folder)?;
    for peer in stage.field.peers.iter_mut().take(stalled) {
        peer.set_weather(PathWeather { reads_at_most: Some(0), ..PathWeather::default() });
    }
    stage.begin();
    if scene == Scene::StalledPeers {
        load(&mut stage);
        let first = stalled + usize::from(!daemon.has_api());
        let has_all = |stage: &Stage| {
            let mut healthy = stage.field.peers.iter().skip(first);
            healthy.all(|peer| peer.routes >= u64::from(BULK))
        };
        // What follows is measured while the connections of those that stall are full.
        if !stage.until(LOADING, has_all)? {
            note(&format!(
                "{}: not every healthy peer had all routes after {} s",
                daemon.name,
                LOADING.as_secs()
            ));
        }
        stage.restart_probes();
    }
    let mut said = 0;
    let mut due = Instant::now();
    stage.probe(MEASURED, |stage| match scene {
        Scene::DeafProgram if due <= Instant::now() => {
            due += Duration::from_millis(50);
            ask(stage, &mut said, 200, true);
        }
        Scene::FloodingProgram => ask(stage, &mut said, 1000, false),
        _ => {}
    })?;
    stage.measured()
}

/// Announces the routes with long paths, through the other program or by a peer.
fn load(stage: &mut Stage) {
    let path = |n: u32| (0..PATH).map(move |hop| 1_000_000 + n * 7 + hop);
    for n in 0..BULK {
        let prefix = BenchPrefix { address: (21 << 24) + (n << 8), length: 24 };
        if let Some(peer) = stage.feeder() {
            let path: Vec<u32> = std::iter::once(peer.terms.asn).chain(path(n).skip(1)).collect();
            let update = wire::update(&[prefix], &path, Some(NEXT_HOP));
            peer.send(Instant::now(), update);
        } else if let Some(program) = stage.field.programs.get_mut(1) {
            let path: Vec<String> = path(n).map(|asn| asn.to_string()).collect();
            let line = format!("announce route {prefix} next-hop 10.0.0.1 as-path [ {} ]", path.join(" "));
            program.say(Instant::now(), &line, StageOrder::Burden);
        }
    }
}

/// The other program asks for so many routes, unless what it asked for before is still to be read.
fn ask(stage: &mut Stage, said: &mut u32, lines: u32, deaf: bool) {
    let Some(program) = stage.field.programs.get_mut(1) else { return };
    if program.unsaid() > 1 << 16 {
        return;
    }
    let now = Instant::now();
    if deaf {
        program.deaf_until = Some(now + MEASURED * 2);
    }
    for _ in 0..lines {
        let prefix = BenchPrefix { address: (22 << 24) + *said % 65_536, length: 32 };
        *said += 1;
        program.say(now, &format!("announce route {prefix} next-hop 10.0.0.1"), StageOrder::Burden);
    }
}
