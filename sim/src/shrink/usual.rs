//! Values that become the usual ones: the seed, buffers, segments, latency, kernel, prices, and what a session must do when.

use holdtime_core::Duration;
use holdtime_machine::net::{Kernel, SocketOptions};
use holdtime_machine::world::Prices;

use crate::scenario::{Actor, Play, usual_prices};
use crate::shrink::search::Search;
use crate::shrink::trial::Trial;

/// Seed 0, which a scenario has where nobody says another one.
pub(super) fn seed(search: &mut Search<'_>) {
    let candidate = Trial { scenario: search.best.scenario.clone(), seed: 0, choices: None };
    search.offer_trial(&candidate);
}

/// One value that becomes the usual one.
type Change = Box<dyn Fn(&mut Play)>;

/// All of them at once, or each.
pub(super) fn values(search: &mut Search<'_>) {
    let changes = changes(&search.best.scenario.play);
    let mut all = search.best.scenario.clone();
    changes.iter().for_each(|change| change(&mut all.play));
    if search.offer(Some(all)) {
        return;
    }
    for change in changes {
        let mut one = search.best.scenario.clone();
        change(&mut one.play);
        search.offer(Some(one));
    }
}

fn changes(play: &Play) -> Vec<Change> {
    let mut all: Vec<Change> = vec![
        Box::new(|play| play.latency = Duration::from_millis(1)),
        Box::new(|play| play.kernel = Kernel::default()),
        Box::new(|play| play.up = None),
        Box::new(|play| play.ends = None),
        Box::new(|play| play.prices = usual_prices()),
    ];
    for part in 0..4 {
        all.push(Box::new(move |play| {
            let (own, usual) = (prices(&play.prices), prices(&usual_prices()));
            let [poll, call, octet, route] =
                std::array::from_fn(|index| if index == part { usual[index] } else { own[index] });
            play.prices = Prices::new(poll, call, octet, route);
        }));
    }
    for index in 0..play.peers.len() {
        for set in SOCKETS {
            all.push(Box::new(move |play| {
                play.peers.get_mut(index).into_iter().for_each(|peer| set(&mut peer.options));
            }));
        }
        all.push(Box::new(move |play| {
            play.peers.get_mut(index).into_iter().for_each(|peer| peer.addresses.truncate(1));
        }));
        all.push(Box::new(move |play| own_router_id(play, index)));
    }
    for index in 0..play.speakers.len() {
        for set in SOCKETS {
            all.push(Box::new(move |play| {
                play.speakers.get_mut(index).into_iter().for_each(|speaker| set(&mut speaker.options));
            }));
        }
        all.push(Box::new(move |play| {
            play.speakers.get_mut(index).into_iter().for_each(|speaker| speaker.addresses.truncate(1));
        }));
    }
    all
}

const SOCKETS: [fn(&mut SocketOptions); 3] = [
    |options| options.send_buffer = SocketOptions::default().send_buffer,
    |options| options.receive_buffer = SocketOptions::default().receive_buffer,
    |options| options.mss = SocketOptions::default().mss,
];

fn prices(prices: &Prices) -> [Duration; 4] {
    [prices.poll(), prices.call(), prices.octets(1), prices.routes(1)]
}

/// A peer's address is its router id where nobody says another one.
fn own_router_id(play: &mut Play, index: usize) {
    let Some(peer) = play.peers.get_mut(index) else { return };
    let own = peer.addresses.iter().find_map(|address| match address {
        std::net::IpAddr::V4(address) => Some(*address),
        std::net::IpAddr::V6(_) => None,
    });
    if let (Actor::Script { router_id, .. }, Some(own)) = (&mut peer.actor, own) {
        *router_id = own;
    }
}
