//! The paths between machines: the links of each, and what is drawn for them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use holdtime_host::time::Instant;

use super::link::{LinkOptions, NetworkLink};
use super::stack::{MachineId, Stack};
use crate::choices::{ActorId, Choices, Site};

/// All paths, each from when it is first used.
#[derive(Debug)]
pub(super) struct NetworkPaths {
    links: BTreeMap<(MachineId, MachineId), NetworkLink>,
    default_link: LinkOptions,
    /// How many segments in a thousand are cut short.
    cuts_per_mille: u32,
    choices: Choices,
}

impl NetworkPaths {
    pub(super) fn new(choices: &Choices, default_link: LinkOptions, cuts_per_mille: u32) -> Self {
        Self { links: BTreeMap::new(), default_link, cuts_per_mille, choices: choices.clone() }
    }

    /// One direction between two of these machines.
    pub(super) fn link(&mut self, machines: &[Stack], from: MachineId, to: MachineId) -> &mut NetworkLink {
        let Self { links, choices, default_link, .. } = self;
        links.entry((from, to)).or_insert_with(|| {
            let options = if from == to { LinkOptions::loopback() } else { default_link.clone() };
            let name = format!("{}>{}", machine_name(machines, from), machine_name(machines, to));
            NetworkLink::new(choices.actor(&name), options)
        })
    }

    /// One direction between two machines, if anything was ever sent or set on it.
    pub(super) fn known_link(&self, from: MachineId, to: MachineId) -> Option<&NetworkLink> {
        self.links.get(&(from, to))
    }

    /// For whom it is drawn what happens between a machine and an address, which is this other machine's, if anybody's.
    pub(super) fn actor(
        &mut self,
        machines: &[Stack],
        from: MachineId,
        (remote, to): (IpAddr, Option<MachineId>),
    ) -> ActorId {
        match to {
            Some(to) => self.link(machines, from, to).actor,
            None => self.choices.actor(&format!("{}>{remote}", machine_name(machines, from))),
        }
    }

    /// When a packet of `octets` handed over at `now` arrives; `None`: it is lost.
    pub(super) fn carry(
        &mut self,
        now: Instant,
        machines: &[Stack],
        (from, to): (MachineId, MachineId),
        octets: usize,
    ) -> Option<Instant> {
        let choices = self.choices.clone();
        self.link(machines, from, to).carry(now, octets, &choices)
    }

    /// How much of a segment is sent at once.
    pub(super) fn cut(&self, path: ActorId, whole: usize) -> usize {
        let is_cut = self.choices.chance(Site::Cut, path, self.cuts_per_mille);
        if is_cut { whole - self.choices.index(Site::CutBy, path, whole) } else { whole }
    }

    /// Where a direction of a connection begins.
    pub(super) fn sequence(&self, path: ActorId) -> u64 {
        self.choices.below(Site::Sequence, path, 1 << 32)
    }
}

/// A machine by its first address, or by its number.
fn machine_name(machines: &[Stack], machine: MachineId) -> String {
    let address = machines.get(machine.0 as usize).and_then(|stack| stack.addresses().first());
    address.map_or_else(|| format!("machine-{}", machine.0), IpAddr::to_string)
}
