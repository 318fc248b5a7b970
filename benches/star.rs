//! Speakers in a star, to measure what the lab costs: one hub that only listens, and leaves that announce routes to it.

use std::cell::RefCell;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use holdtime_core::StreamId;
use holdtime_core::config::{Config, ConfigText, Settings as Environment};
use holdtime_core::speaker::{Identity, Setup};
use holdtime_core::time::{Duration, Instant};
use holdtime_host::Host;
use holdtime_machine::executor::Lab;
use holdtime_machine::trace::{Observer, Step};
use holdtime_machine::world::{LabSettings, ProcessId};
use holdtime_sim::observe::witness::Witness;
use holdtime_sim::scenario::codec;
use holdtime_sim::subject::{Defect, Start, SubjectRef};

/// How big a star is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Star {
    /// Speakers around the hub.
    pub(crate) leaves: u32,
    /// Routes that each of them announces.
    pub(crate) routes: u32,
    /// What every speaker runs on.
    pub(crate) reactor: SubjectRef,
    /// The seed.
    pub(crate) seed: u64,
}

/// What it took until the hub had read every route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Virtual time until the last route was read, to the next tenth of a second.
    pub(crate) virtual_time: Duration,
    /// Routes that the hub has read.
    pub(crate) routes: u64,
    /// Steps in the trace: turns, segments, calls.
    pub(crate) steps: u64,
    /// The trace's hash.
    pub(crate) hash: u64,
}

const HUB: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

impl Star {
    /// Sets the star up, with nothing run yet; what the hub reads is counted in the second part.
    ///
    /// # Errors
    /// A configuration made here is refused, which its text explains.
    pub(crate) fn build(&self) -> Result<(Lab, Rc<RefCell<RouteCount>>), String> {
        let mut lab = Lab::new(self.seed, LabSettings::default());
        let mut text = String::new();
        for leaf in 0..self.leaves {
            let _ = writeln!(
                text,
                "neighbor {} {{ router-id {HUB}; local-address {HUB}; local-as 65000; peer-as 65001; passive true; }}",
                address(leaf)
            );
        }
        let mut environment = Environment::default();
        environment.tcp.bind = vec![IpAddr::V4(HUB)];
        let hub = self.add_speaker(&mut lab, HUB, text, &environment)?;
        for leaf in 0..self.leaves {
            let text = self.leaf(leaf);
            self.add_speaker(&mut lab, address(leaf), text, &Environment::default())?;
        }
        let count = Rc::new(RefCell::new(RouteCount::of(hub)));
        lab.world_mut().trace().observe(count.clone());
        Ok((lab, count))
    }

    /// Runs the star until the hub has every route, or for a virtual hour.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub(crate) fn run(&self) -> Result<Cost, String> {
        let (mut lab, count) = self.build()?;
        let wanted = u64::from(self.leaves) * u64::from(self.routes);
        let mut at = Instant::ZERO;
        while count.borrow().routes < wanted && at < Instant::from_secs(3_600) {
            at += Duration::from_millis(100);
            lab.run_until(at);
        }
        let routes = count.borrow().routes;
        let steps = lab.world_mut().trace().steps();
        Ok(Cost { virtual_time: at - Instant::ZERO, routes, steps, hash: lab.hash() })
    }

    fn leaf(&self, leaf: u32) -> String {
        let own = address(leaf);
        let mut text = format!(
            "neighbor {HUB} {{ router-id {own}; local-address {own}; local-as 65001; peer-as 65000; static {{\n"
        );
        for route in 0..self.routes {
            let number = leaf * self.routes + route;
            let prefix = Ipv4Addr::from_bits(0x1400_0000 | (number << 8));
            let _ = writeln!(text, "route {prefix}/24 next-hop {own};");
        }
        text.push_str("} }\n");
        text
    }

    fn add_speaker(
        &self,
        lab: &mut Lab,
        address: Ipv4Addr,
        text: String,
        settings: &Environment,
    ) -> Result<ProcessId, String> {
        let machine = lab.add_machine(&[IpAddr::V4(address)]);
        let host = lab.add_process(machine, &address.to_string());
        let file = ConfigText { name: format!("{address}.conf"), text };
        let config = Config::parse(&file, settings).map_err(|error| error.to_string())?;
        let mut setup = Setup {
            identity: Identity { host: address.to_string(), pid: 1, ppid: 0, version: "5.0.0".to_owned() },
            settings: settings.clone(),
            files: vec![file.name],
            config,
            seed: self.seed ^ u64::from(address.to_bits()),
            ..Setup::default()
        };
        self.reactor.set_up(&mut setup, Defect::Present);
        let start = Start { now: host.now(), setup, recorder: None, defect: Defect::Present };
        lab.spawn_main(&host, self.reactor.run_on(Witness::new(host.clone()), start));
        Ok(host.process())
    }
}

fn address(leaf: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a01_0000 + leaf)
}

/// Counts the routes in the UPDATEs that one process reads.
#[derive(Debug)]
pub(crate) struct RouteCount {
    process: ProcessId,
    /// IPv4 routes announced so far.
    pub(crate) routes: u64,
    /// What was read of a message that is not complete, by stream.
    partial: std::collections::BTreeMap<StreamId, Vec<u8>>,
}

impl RouteCount {
    fn of(process: ProcessId) -> Self {
        Self { process, routes: 0, partial: std::collections::BTreeMap::new() }
    }
}

impl Observer for RouteCount {
    fn on_step(&mut self, _: Instant, step: &Step<'_>) {
        let Step::Read(process, stream, Ok(octets)) = step else { return };
        if *process != self.process {
            return;
        }
        let partial = self.partial.entry(*stream).or_default();
        partial.extend_from_slice(octets);
        codec::take_messages(partial, |message| self.routes += routes_in(message));
    }
}

/// How many IPv4 prefixes a message announces.
fn routes_in(message: &[u8]) -> u64 {
    let body = if codec::kind(message) == codec::UPDATE { codec::body(message) } else { &[] };
    codec::announced_ipv4(body).count() as u64
}
